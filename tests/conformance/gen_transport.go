package main

import "slices"

// transport draws what stands behind an IP header, with its protocol number.
func (g *generator) transport(v6 bool, depth int) (protocol byte, payload []byte) {
	if depth >= maxDepth {
		return 6, g.tcp()
	}
	switch g.weighted(36, 24, 10, 6, 6, 5, 6, 6, 4) {
	case 0:
		return 6, g.tcp()
	case 1:
		return 17, g.udp(g.datagram(depth), depth)
	case 2:
		if v6 {
			return 58, g.icmpv6()
		}
		return 1, g.icmpv4()
	case 3:
		return one(g, byte(1), 58), one(g, g.icmpv4(), g.icmpv6())
	case 4:
		return 132, g.sctp()
	case 5:
		return 112, g.vrrp()
	case 6:
		return 2, g.igmp()
	case 7:
		return g.ipInIP(depth)
	default:
		// GRE, ESP, AH, OSPF, UDP-Lite, RUDP, EtherIP, MPLS, no next header, reserved: none that Hubble looks into.
		return one(g, byte(47), 50, 51, 89, 136, 27, 97, 137, 59, 255, g.byte()), g.bytes(g.IntN(60))
	}
}

func (g *generator) ipInIP(depth int) (protocol byte, payload []byte) {
	if g.percent(50) {
		return one(g, byte(4), 94), g.anyIP(false, depth+1)
	}
	return 41, g.anyIP(true, depth+1)
}

func (g *generator) tcp() []byte {
	options := g.tcpOptions()
	segment := slices.Concat(g.bytes(20), options)
	segment[12] = byte(len(segment)/4)<<4 | one(g, byte(0), 0, 1, byte(g.IntN(16)))
	segment[13] = one(g, byte(0x02), 0x12, 0x10, 0x18, 0x11, 0x04, 0, 0xff, g.byte())
	if g.percent(3) {
		segment[12] = g.byte()
	}
	return append(segment, g.bytes(one(g, 0, 0, g.IntN(60)))...)
}

// tcpOptions are well-formed ones of every kind, or some with wrong lengths, padded to words.
func (g *generator) tcpOptions() []byte {
	if g.percent(55) {
		return nil
	}
	options := []byte(nil)
	for range 1 + g.IntN(4) {
		option := g.tcpOption()
		if len(options)+len(option) > 40 {
			break
		}
		options = append(options, option...)
	}
	for len(options)%4 != 0 {
		options = append(options, one(g, byte(0), 1))
	}
	return options
}

func (g *generator) tcpOption() []byte {
	kinds := []struct{ kind, length int }{
		{0, 1}, {1, 1}, {2, 4}, {3, 3}, {4, 2}, {5, 10}, {5, 18}, {8, 10}, {14, 3}, {19, 18}, {28, 4}, {34, 10}, {254, 4},
	}
	chosen := one(g, kinds...)
	if g.percent(35) {
		return g.multipathOption()
	}
	option := g.bytes(chosen.length)
	option[0] = byte(chosen.kind)
	if chosen.length > 1 {
		option[1] = byte(chosen.length)
		if g.percent(6) {
			option[1] = byte(g.IntN(42))
		}
	}
	return option
}

// multipathOption is kind 30 with each of its subtypes, with the sizes that RFC 8684 has for them and others.
func (g *generator) multipathOption() []byte {
	option := g.bytes(one(g, 3, 4, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 3+g.IntN(26)))
	option[0], option[1] = 30, byte(len(option))
	option[2] = byte(g.IntN(10))<<4 | one(g, byte(0), 1, 4, 6, g.byte()&0x0f)
	if g.percent(10) {
		option[2] = g.byte()
	}
	if g.percent(4) {
		option[1] = byte(g.IntN(42))
	}
	return option
}

func (g *generator) udp(payload []byte, depth int) []byte {
	header := g.bytes(8)
	if g.percent(60) {
		ports := []uint16{53, 80, 443, 123, 547, 1812, 2152, 3784, 4789, 5353, 6081, 6343, 8472, 623, 5060}
		big.PutUint16(header[one(g, 0, 2):], one(g, ports...))
	}
	length := len(header) + len(payload)
	switch g.weighted(86, 4, 4, 3, 3) {
	case 1:
		length = 0
	case 2:
		length = g.IntN(9)
	case 3:
		length -= g.IntN(length + 1)
	case 4:
		length += g.IntN(1000)
	}
	big.PutUint16(header[4:], uint16(length))
	return append(header, payload...)
}

// datagram is what UDP carries: mostly bytes that nobody looks into, sometimes a tunnel that no flag announces.
func (g *generator) datagram(depth int) []byte {
	switch g.weighted(50, 20, 10, 10) {
	case 0:
		return g.bytes(g.IntN(50))
	case 1:
		return nil
	case 2:
		return g.vxlan(depth + 1)
	default:
		return g.geneve(depth + 1)
	}
}

func (g *generator) sctp() []byte {
	return g.bytes(12 + one(g, 0, 4, 16, g.IntN(40)))
}

func (g *generator) icmpv4() []byte {
	message := g.bytes(8 + g.IntN(40))
	message[0], message[1] = byte(g.IntN(20)), byte(g.IntN(18))
	if g.percent(10) {
		message[0] = g.byte()
	}
	return message
}

func (g *generator) icmpv6() []byte {
	message := g.bytes(4 + g.IntN(40))
	message[0], message[1] = one(g, byte(g.IntN(6)), 126+byte(g.IntN(20)), g.byte()), byte(g.IntN(9))
	if g.percent(10) {
		message[1] = g.byte()
	}
	return message
}

func (g *generator) vrrp() []byte {
	message := g.bytes(8)
	message[0] = one(g, byte(0x21), 0x31)
	message[3] = byte(g.IntN(4))
	if g.percent(15) {
		message[0] = g.byte()
	}
	message = append(message, g.bytes(int(message[3])*4)...)
	return append(message, g.bytes(one(g, 0, 8))...)
}

func (g *generator) igmp() []byte {
	message := append([]byte{one(g, byte(0x11), 0x12, 0x16, 0x17, 0x22, g.byte()), g.byte(), 0, 0}, g.ipv4Address()...)
	return append(message, g.bytes(one(g, 0, 0, 4, 8, g.IntN(30)))...)
}
