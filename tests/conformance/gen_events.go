package main

import (
	"encoding/binary"

	monitorAPI "github.com/cilium/cilium/pkg/monitor/api"
)

// Flags of drops and traces (pkg/monitor/datapath_{drop,trace}.go).
const (
	flagIPv6 = 1 << iota
	flagL3Device
	flagVXLAN
	flagGeneve
)

// Offsets of the first fields, which drops, traces, verdicts and captures share.
const (
	offsetCapLen  = 12
	offsetVersion = 14
	offsetMark    = 16
)

// header is an event's header under construction, in the byte order of amd64 and arm64.
type header struct{ bytes []byte }

func newHeader(length int, messageType, subtype byte) header {
	h := header{make([]byte, length)}
	h.bytes[0], h.bytes[1] = messageType, subtype
	return h
}

func (h header) u16(offset int, value uint16) { binary.LittleEndian.PutUint16(h.bytes[offset:], value) }
func (h header) u32(offset int, value uint32) { binary.LittleEndian.PutUint32(h.bytes[offset:], value) }
func (h header) u64(offset int, value uint64) { binary.LittleEndian.PutUint64(h.bytes[offset:], value) }

// fence is a plain trace that every reader understands.
func fence(mark uint32) []byte {
	h := newHeader(56, monitorAPI.MessageTypeTrace, monitorAPI.TraceToLxc)
	h.bytes[offsetVersion] = 2
	h.u32(offsetMark, mark)
	return h.bytes
}

func (g *generator) trace(mark uint32) []byte {
	version := g.weighted(1, 3, 6)
	h := newHeader([]int{32, 48, 56}[version], monitorAPI.MessageTypeTrace, g.subtype(14))
	h.bytes[offsetVersion] = byte(version)
	h.u32(20, g.identity())
	h.u16(24, g.uint16())
	h.bytes[26] = byte(g.weighted(20, 20, 20, 5, 3, 20, 3, 3, 3, 1, 1)) | one(g, byte(0), 0x80)
	h.bytes[27] = g.packetFlags()
	h.u32(28, one(g, 0, uint32(g.IntN(100)), g.Uint32()))
	if version >= 1 && g.percent(40) {
		copy(h.bytes[32:], g.originalIP())
	}
	if version == 2 && g.percent(30) {
		h.u64(48, g.Uint64())
	}
	return g.finish(h, mark, g.packet(h.bytes[27]))
}

// originalIP is 16 bytes: an IPv6 address, or an IPv4 address with something or nothing after it.
func (g *generator) originalIP() []byte {
	switch g.IntN(4) {
	case 0:
		return g.ipv6Address()
	case 1:
		return g.bytes(16)
	default:
		return g.ipv4Address()
	}
}

func (g *generator) drop(mark uint32) []byte {
	version := g.weighted(1, 2, 3, 8)
	h := newHeader([]int{36, 36, 40, 48}[version], monitorAPI.MessageTypeDrop, 130+byte(g.IntN(80)))
	if g.percent(5) {
		h.bytes[1] = g.byte()
	}
	h.bytes[offsetVersion] = byte(version)
	h.u32(20, g.identity())
	h.u32(24, g.Uint32())
	h.u16(28, g.uint16())
	h.bytes[30] = one(g, byte(g.IntN(9)), 100+byte(g.IntN(18)), g.byte())
	if version == 1 && h.bytes[30] == 8 {
		// A file of 1.12 alone, whose drops have a shorter header.
		h.bytes[30] = 9
	}
	h.bytes[31] = g.byte()
	h.u32(32, g.Uint32())
	flags := byte(0)
	if version >= 2 {
		flags = g.packetFlags()
		h.bytes[36] = flags
	}
	if version == 3 && g.percent(30) {
		h.u64(40, g.Uint64())
	}
	return g.finish(h, mark, g.packet(flags))
}

func (g *generator) policyVerdict(mark uint32) []byte {
	h := newHeader(40, monitorAPI.MessageTypePolicyVerdict, 0)
	h.bytes[offsetVersion] = 1
	verdicts := []int32{0, 0, 0, int32(g.IntN(65536)), -133, -181, -int32(g.IntN(260)), int32(g.Uint32())}
	h.u32(20, uint32(one(g, verdicts...)))
	h.u16(24, g.uint16())
	h.bytes[26] = one(g, byte(6), 17, 1, 58, 132, g.byte())
	packetFlags := g.packetFlags() & (flagIPv6 | flagL3Device)
	flags := byte(g.IntN(4)) | byte(g.IntN(8))<<3
	if g.percent(20) {
		flags |= 0x40
	}
	if packetFlags&flagIPv6 != 0 {
		flags |= 0x04
	}
	if packetFlags&flagL3Device != 0 {
		flags |= 0x80
	}
	h.bytes[27] = flags
	h.bytes[28] = one(g, byte(0), 0, 1, 2, 3, g.byte())
	h.u32(32, one(g, 0, g.Uint32()))
	return g.finish(h, mark, g.packet(packetFlags))
}

// capture carries no mark.
func (g *generator) capture() []byte {
	h := newHeader(24, monitorAPI.MessageTypeCapture, g.subtype(13))
	h.bytes[offsetVersion] = 1
	h.u32(20, g.Uint32())
	return g.finish(h, one(g, 0, uint32(g.IntN(100)), g.Uint32()), g.packet(0))
}

func (g *generator) debug(mark uint32) []byte {
	h := newHeader(20, monitorAPI.MessageTypeDebug, byte(g.IntN(72)))
	if g.percent(5) {
		h.bytes[1] = g.byte()
	}
	h.u16(2, one(g, 0, g.uint16()))
	h.u32(4, mark)
	for offset := 8; offset < 20; offset += 4 {
		h.u32(offset, one(g, 0, 1, 2, 3, g.Uint32(), g.Uint32()&0xffff))
	}
	if g.percent(3) {
		return h.bytes[:g.IntN(20)]
	}
	return h.bytes
}

func (g *generator) sock(mark uint32) []byte {
	h := newHeader(44, monitorAPI.MessageTypeTraceSock, one(g, byte(g.IntN(6)), byte(g.IntN(6)), byte(g.IntN(6)), g.byte()))
	h.bytes[2], h.bytes[3] = one(g, byte(g.IntN(4)), 1, 2, g.byte()), one(g, byte(0), 0, 1, 1, g.byte())
	h.u16(4, one(g, 0, 53, g.uint16()))
	remark(h.bytes, mark)
	h.u64(16, one(g, 0, g.Uint64()))
	copy(h.bytes[24:40], one(g, g.ipv6Address(), append(g.ipv4Address(), make([]byte, 12)...)))
	switch g.weighted(90, 5, 5) {
	case 1:
		return h.bytes[:40]
	case 2:
		return h.bytes[:g.IntN(40)]
	}
	return h.bytes
}

// remark changes the mark of a socket event, which may be cut.
func remark(data []byte, mark uint32) {
	if len(data) >= 16 {
		binary.LittleEndian.PutUint64(data[8:], uint64(mark))
	}
}

// messageTypeRecorder is MessageTypeRecCapture of Cilium before 1.19.
const messageTypeRecorder = 6

// recorderCapture is struct capture_msg of bpf/lib/pcap.h, which Hubble has no flow for.
func (g *generator) recorderCapture() []byte {
	h := newHeader(32, messageTypeRecorder, g.subtype(3))
	packet := g.packet(0)
	h.u16(2, g.uint16())
	h.u32(4, uint32(len(packet)))
	h.u64(8, g.Uint64())
	h.u32(16, uint32(len(packet)))
	return append(h.bytes, packet...)
}

// subtype is one of the first count, or seldom any.
func (g *generator) subtype(count int) byte {
	if g.percent(3) {
		return g.byte()
	}
	return byte(g.IntN(count))
}

func (g *generator) packetFlags() byte {
	flags := byte(0)
	if g.percent(25) {
		flags |= flagIPv6
	}
	if g.percent(25) {
		flags |= flagL3Device
	}
	switch g.IntN(10) {
	case 0:
		flags |= flagVXLAN
	case 1:
		flags |= flagGeneve
	case 2:
		flags |= g.byte()
	}
	return flags
}

// finish fills what all headers share, appends the packet and what the perf ring pads, and seldom spoils it.
func (g *generator) finish(h header, mark uint32, packet []byte) []byte {
	if g.percent(70) {
		h.u16(2, g.uint16())
	}
	h.u32(4, g.Uint32())
	h.u32(8, uint32(len(packet)))
	if g.percent(15) {
		h.u32(8, uint32(len(packet)+g.IntN(1500)))
	}
	h.u16(offsetCapLen, uint16(len(packet)))
	if g.percent(2) {
		h.bytes[offsetVersion] = g.byte()
	}
	if g.percent(2) {
		h.bytes[15] = byte(g.IntN(3))
	}
	h.u32(offsetMark, mark)
	data := append(h.bytes, packet...)
	if g.percent(50) {
		padded := 4 - (len(data) % 8)
		if padded < 0 {
			padded += 8
		}
		data = append(data, make([]byte, padded)...)
	}
	if g.percent(2) {
		// Cut in the header, and never so that the lengths tell of another release's.
		binary.LittleEndian.PutUint16(data[offsetCapLen:], 0xffff)
		data = data[:1+g.IntN(len(h.bytes)-1)]
	}
	return data
}
