package main

import "net/netip"

// side is one end of a flow.
type side struct {
	about    string
	address  netip.Addr
	endpoint uint16
	identity uint32
	labels   []string
	port     uint16
}

// side draws an end of a flow, of the wanted family if it can.
func (w *world) side(v6 bool) side {
	switch w.weighted(34, 26, 8, 6, 9, 9, 5, 3) {
	case 0:
		return w.podSide(v6, (*pod).isLocal)
	case 1:
		return w.podSide(v6, func(p *pod) bool { return !p.isLocal() })
	case 2:
		if len(w.ended) > 0 {
			p := one(w.generator, w.ended...)
			return side{about: "ended pod", address: p.address(v6), identity: p.app.identity, labels: p.app.labels, port: 8000}
		}
		return w.podSide(v6, (*pod).isLocal)
	case 3:
		return w.nodeSide(v6)
	case 4:
		return w.outsideSide(v6)
	case 5:
		return w.serviceSide(v6)
	case 6:
		return side{about: "world", address: w.worldAddress(v6), identity: one(w.generator, uint32(2), 9, 10), port: 443}
	default:
		return one(w.generator,
			side{about: "health", address: healthAddress, endpoint: healthEndpoint, identity: 4, labels: []string{"reserved:health"}, port: 4240},
			side{about: "ingress", address: ingressAddress, endpoint: ingressEndpoint, identity: 8, labels: []string{"reserved:ingress"}, port: 80})
	}
}

func (w *world) podSide(v6 bool, wanted func(*pod) bool) side {
	for {
		p := one(w.generator, w.pods...)
		if !wanted(p) {
			continue
		}
		about := "local pod"
		switch {
		case p.app.cluster != "default":
			about = "pod of another cluster"
		case !p.isLocal():
			about = "remote pod"
		}
		return side{about, p.address(v6), p.endpoint, p.app.identity, p.app.labels, one(w.generator, uint16(8000), 53, 9000, 0)}
	}
}

func (w *world) nodeSide(v6 bool) side {
	o := w.outsideOf(v6, func(o *outside) bool { return o.about == "node" })
	return side{about: "node", address: o.prefix.Addr(), identity: o.identity, labels: o.labels, port: one(w.generator, uint16(30080), 6443)}
}

func (w *world) outsideSide(v6 bool) side {
	o := w.outsideOf(v6, func(o *outside) bool { return o.about == "CIDR" || o.about == "FQDN" })
	return side{about: o.about, address: w.within(o.prefix), identity: o.identity, labels: o.labels, port: 443}
}

func (w *world) outsideOf(v6 bool, wanted func(*outside) bool) *outside {
	for {
		if o := one(w.generator, w.outside...); wanted(o) && o.prefix.Addr().Is6() == v6 {
			return o
		}
	}
}

// within is an address of a prefix: near its beginning, so that it comes again.
func (w *world) within(prefix netip.Prefix) netip.Addr {
	address := prefix.Addr()
	for range w.IntN(6) {
		if next := address.Next(); prefix.Contains(next) {
			address = next
		}
	}
	return address
}

func (w *world) serviceSide(v6 bool) side {
	for {
		if s := one(w.generator, w.services...); s.address.Is6() == v6 && !s.address.IsUnspecified() {
			port := s.port
			if w.percent(10) {
				port++
			}
			return side{about: "service", address: s.address, identity: 0, port: port}
		}
	}
}

func (w *world) worldAddress(v6 bool) netip.Addr {
	if v6 {
		return netip.AddrFrom16([16]byte{0x26, 0x06, 15: byte(w.IntN(40))})
	}
	return netip.AddrFrom4([4]byte{93, 184, 216, byte(w.IntN(40))})
}

// sides are two ends of one family, and their situation.
func (w *world) sides() (from, to side, situation string) {
	v6 := w.percent(35)
	from, to = w.side(v6), w.side(v6)
	if named := w.named[from.endpoint]; len(named) > 0 && w.percent(30) {
		// The pod connects to what it has looked up.
		to = one(w.generator, named...)
		for from.address.Is6() != to.address.Is6() {
			from, to = w.side(v6), w.side(v6)
		}
		if w.percent(40) {
			from, to = to, from
		}
		return from, to, from.about + " to " + to.about
	}
	for from.address.Is6() != to.address.Is6() {
		to = w.side(from.address.Is6())
		if to.address.Is6() != from.address.Is6() {
			from = w.side(v6)
		}
	}
	return from, to, from.about + " to " + to.about
}

// identityOf is the identity that the datapath reports: mostly the side's, sometimes none, a stale or an unknown one.
func (w *world) identityOf(s side) uint32 {
	switch w.weighted(60, 22, 12, 6) {
	case 0:
		return s.identity
	case 1:
		return 0
	case 2:
		return one(w.generator, w.apps...).identity
	default:
		return unlisted
	}
}
