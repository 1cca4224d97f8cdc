package main

import (
	"encoding/binary"
	"slices"
)

var big = binary.BigEndian

// How deep packets nest: what stands at the deepest level has no further header inside.
const maxDepth = 4

// packet draws what a header with these flags announces, and seldom something else.
func (g *generator) packet(flags byte) []byte {
	if g.percent(2) {
		flags = g.byte()
	}
	packet := g.announced(flags)
	switch g.weighted(70, 14, 10, 3, 2, 1) {
	case 1:
		packet = packet[:g.IntN(len(packet)+1)]
	case 2:
		g.spoil(packet)
	case 3:
		packet = append(packet, g.bytes(g.IntN(30))...)
	case 4:
		packet = g.bytes(g.IntN(100))
	case 5:
		packet = nil
	}
	return packet
}

// spoil changes some bytes, mostly of the first headers.
func (g *generator) spoil(packet []byte) {
	for range 1 + g.IntN(4) {
		if reach := min(len(packet), one(g, 20, 60, 400)); reach > 0 {
			packet[g.IntN(reach)] = one(g, 0, 1, 0xff, g.byte())
		}
	}
}

func (g *generator) announced(flags byte) []byte {
	payload := []byte(nil)
	if flags&(flagVXLAN|flagGeneve) != 0 && g.percent(95) {
		payload = g.tunnelled(flags&flagVXLAN != 0)
		return g.linked(flags, func(v6 bool) []byte { return g.ip(v6, 17, g.udp(payload, 0)) })
	}
	return g.linked(flags, func(v6 bool) []byte { return g.anyIP(v6, 0) })
}

// linked puts a link layer before the IP packet unless the flags say that the device has none.
func (g *generator) linked(flags byte, ip func(v6 bool) []byte) []byte {
	v6 := flags&flagIPv6 != 0
	if flags&flagL3Device != 0 {
		return ip(v6)
	}
	if g.percent(85) {
		return g.ethernet(one(g, v6, v6, v6, !v6), ip)
	}
	return g.oddEthernet(0)
}

func (g *generator) ethernet(v6 bool, ip func(v6 bool) []byte) []byte {
	if v6 {
		return g.frame(0x86dd, ip(true))
	}
	return g.frame(0x0800, ip(false))
}

func (g *generator) frame(etherType uint16, payload []byte) []byte {
	frame := append(g.bytes(12), 0, 0)
	big.PutUint16(frame[12:], etherType)
	return append(frame, payload...)
}

// oddEthernet is a frame with anything but an IP packet right behind the header.
func (g *generator) oddEthernet(depth int) []byte {
	if depth >= maxDepth {
		return g.frame(0x0806, g.bytes(28))
	}
	ip := g.anyIP(false, depth+1)
	switch g.IntN(8) {
	case 0:
		tagged := append([]byte{0, byte(g.IntN(255)), 8, 0}, ip...)
		return g.frame(one(g, uint16(0x8100), 0x88a8), tagged)
	case 1:
		return g.frame(0x6558, g.anyFrame(depth+1))
	case 2:
		return g.frame(uint16(g.IntN(0x600)), ip)
	case 3:
		return g.frame(0x8847, append([]byte{0, 1, 0x41, 64}, ip...))
	case 4:
		return g.frame(one(g, uint16(0xffff), 0xf400, 0x880b, 0x8863, 0x8864, 0x9000, 0x2000, 0x01a2, 0x88cc, 0x888e), ip)
	case 5:
		return g.frame(g.uint16(), ip)
	case 6:
		return g.frame(one(g, uint16(0x0800), 0x86dd), g.anyIP(g.percent(50), depth+1))
	default:
		return g.frame(0x0806, g.bytes(28))
	}
}

func (g *generator) anyFrame(depth int) []byte {
	if g.percent(15) {
		return g.oddEthernet(depth)
	}
	return g.ethernet(g.percent(30), func(v6 bool) []byte { return g.anyIP(v6, depth+1) })
}

// tunnelled is a VXLAN or Geneve header and the frame or packet inside.
func (g *generator) tunnelled(vxlan bool) []byte {
	if g.percent(4) {
		vxlan = !vxlan
	}
	if vxlan {
		return g.vxlan(1)
	}
	return g.geneve(1)
}

func (g *generator) vxlan(depth int) []byte {
	header := []byte{8, 0, 0, 0, g.byte(), g.byte(), g.byte(), 0}
	if g.percent(10) {
		copy(header, g.bytes(4))
	}
	if g.percent(5) {
		return header
	}
	return append(header, g.anyFrame(depth+1)...)
}

func (g *generator) geneve(depth int) []byte {
	options := g.bytes(4 * one(g, 0, 0, 0, 1, 2, g.IntN(20)))
	if len(options) >= 4 {
		// One option that takes all the room, mostly.
		options[3] = byte(len(options)/4 - 1)
		if g.percent(20) {
			options[3] = g.byte()
		}
	}
	header := []byte{byte(len(options) / 4), g.byte(), 0x65, 0x58, g.byte(), g.byte(), g.byte(), 0}
	inner := []byte(nil)
	switch g.IntN(6) {
	case 0:
		big.PutUint16(header[2:], 0x0800)
		inner = g.anyIP(false, depth+1)
	case 1:
		big.PutUint16(header[2:], 0x86dd)
		inner = g.anyIP(true, depth+1)
	case 2:
		big.PutUint16(header[2:], one(g, g.uint16(), 0x0806, 0x8847))
		inner = g.bytes(40)
	default:
		inner = g.anyFrame(depth + 1)
	}
	if g.percent(5) {
		header[0] = g.byte()
	}
	return slices.Concat(header, options, inner)
}

func (g *generator) anyIP(v6 bool, depth int) []byte {
	protocol, payload := g.transport(v6, depth)
	return g.ip(v6, protocol, payload)
}

func (g *generator) ip(v6 bool, protocol byte, payload []byte) []byte {
	if v6 {
		return g.ipv6(protocol, payload)
	}
	return g.ipv4(protocol, payload)
}

func (g *generator) ipv4(protocol byte, payload []byte) []byte {
	options := g.ipv4Options()
	header := slices.Concat(make([]byte, 12), g.ipv4Address(), g.ipv4Address(), options)
	header[0] = 0x40 | byte(len(header)/4)
	header[8], header[9] = 64, protocol
	total := len(header) + len(payload)
	switch g.weighted(86, 4, 3, 3, 2) {
	case 1:
		total = 0
	case 2:
		total -= g.IntN(total + 1)
	case 3:
		total += g.IntN(1000)
	case 4:
		total = g.IntN(30)
	}
	big.PutUint16(header[2:], uint16(total))
	if g.percent(5) {
		big.PutUint16(header[6:], one(g, uint16(0x2000), 0x4000, 0x8000, 1, 0x2001, g.uint16()))
	}
	if g.percent(2) {
		header[0] = g.byte()
	}
	return append(header, payload...)
}

func (g *generator) ipv4Options() []byte {
	if g.percent(85) {
		return nil
	}
	options := make([]byte, 4*(1+g.IntN(10)))
	for at := 0; at < len(options); {
		kind := one(g, byte(0), 1, 7, 68, 131, 148, g.byte())
		length := one(g, 2, 3, 4, len(options)-at, len(options)-at, g.IntN(12))
		options[at] = kind
		if at++; kind > 1 && at < len(options) {
			options[at] = byte(length)
			at += max(length-1, 1)
		}
	}
	return options
}

func (g *generator) ipv6(protocol byte, payload []byte) []byte {
	next := protocol
	if g.percent(12) {
		next, payload = g.ipv6Extension(protocol, payload)
	}
	header := slices.Concat(make([]byte, 8), g.ipv6Address(), g.ipv6Address())
	header[0], header[6], header[7] = 0x60, next, 64
	length := len(payload)
	switch g.weighted(88, 4, 4, 4) {
	case 1:
		length = 0
	case 2:
		length -= g.IntN(length + 1)
	case 3:
		length += g.IntN(1000)
	}
	big.PutUint16(header[4:], uint16(length))
	if g.percent(2) {
		header[0] = g.byte()
	}
	return append(header, payload...)
}

// ipv6Extension puts an extension header before the payload and gives the number that announces it.
func (g *generator) ipv6Extension(protocol byte, payload []byte) (byte, []byte) {
	next := one(g, byte(0), 0, 0, 43, 44, 60, 59, 51, 135)
	extension := make([]byte, 8*(1+g.weighted(6, 2, 1)))
	extension[0], extension[1] = protocol, byte(len(extension)/8-1)
	if next == 0 {
		g.hopByHopOptions(extension[2:])
	}
	if g.percent(8) {
		extension[1] = g.byte()
	}
	return next, append(extension, payload...)
}

func (g *generator) hopByHopOptions(room []byte) {
	for at := 0; at < len(room); {
		kind := one(g, byte(0), 1, 1, 5, 0xc2, 0xc2, g.byte())
		room[at] = kind
		if kind == 0 {
			at++
			continue
		}
		length := one(g, len(room)-at-2, len(room)-at-2, 4, g.IntN(9))
		if kind == 0xc2 && g.percent(80) {
			length = 4
		}
		if at+1 < len(room) {
			room[at+1] = byte(length)
			if kind == 0xc2 && at+6 <= len(room) {
				big.PutUint32(room[at+2:], one(g, 70000, uint32(g.IntN(200)), g.Uint32()))
			}
		}
		at += max(2+length, 1)
	}
}

func (g *generator) ipv4Address() []byte {
	return one(g, []byte{10, 0, g.byte(), g.byte()}, []byte{192, 0, 2, g.byte()}, []byte{0, 0, 0, 0}, []byte{255, 255, 255, 255}, g.bytes(4))
}

func (g *generator) ipv6Address() []byte {
	address := make([]byte, 16)
	switch g.IntN(6) {
	case 0:
		return g.bytes(16)
	case 1:
		address[10], address[11] = 0xff, 0xff
		copy(address[12:], g.ipv4Address())
	case 2:
	case 3:
		copy(address[12:], g.ipv4Address())
	default:
		copy(address, []byte{0xfd, 0, 0, byte(g.IntN(2)), 0, byte(g.IntN(2))})
		address[8+g.IntN(7)], address[15] = byte(g.IntN(3)), g.byte()
	}
	return address
}
