package pwned

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/bits"
)

// The file, all numbers little-endian:
//
//	 0  "coatpwnd"
//	 8  version, uint16: 1
//	10  bytes of a fingerprint, uint16: 1 or 2
//	12  shards, uint32: 256
//	16  entries of all shards, uint64
//	24  the table, 24 bytes for each shard:
//	    seed uint64, entries, segment length, segments, CRC-32C of its fingerprints, uint32 each
//	    SHA-256 of everything before it
//	    the fingerprints of shard 0, 1, … 255 and nothing after
//
// A digest belongs to the shard of its first byte; its key is the 64 bits after
// that. A shard has segments+2 times segment length fingerprints, and none where
// it has no entries. Where they are for a key, and what they are, says probe.
const (
	magic      = "coatpwnd"
	version    = 1
	shards     = 256
	rowsAt     = 24
	rowSize    = 24
	sumAt      = rowsAt + shards*rowSize
	headerSize = sumAt + sha256.Size
)

// maxSegment is the longest segment that a builder makes.
const maxSegment = 1 << 18

// shard is a row of the table, and where its fingerprints begin in the file.
type shard struct {
	seed          uint64
	entries       uint32
	segmentLength uint32 // a power of two
	segments      uint32
	checksum      uint32
	offset        int64
}

// size is the number of fingerprints.
func (s *shard) size() uint64 {
	if s.entries == 0 {
		return 0
	}
	return (uint64(s.segments) + 2) * uint64(s.segmentLength)
}

// probe reports where in a shard with entries the three fingerprints of a key are,
// and what they give together, by XOR, for a key that is in it. They lie in three
// segments side by side, the first of which the upper bits of the mixed key choose.
func (s *shard) probe(key uint64) (at [3]uint32, sum uint64) {
	mixed := mix(key + s.seed)
	first, _ := bits.Mul64(mixed, uint64(s.segments)*uint64(s.segmentLength))
	within := s.segmentLength - 1
	at[0] = uint32(first)
	at[1] = (at[0] + s.segmentLength) ^ (uint32(mixed>>18) & within)
	at[2] = (at[0] + 2*s.segmentLength) ^ (uint32(mixed) & within)
	return at, mixed ^ mixed>>32
}

// mix spreads a key over all its bits: the finalizer of MurmurHash3.
func mix(x uint64) uint64 {
	x = (x ^ x>>33) * 0xff51afd7ed558ccd
	x = (x ^ x>>33) * 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

// keyOf is what stands for a digest in its shard.
func keyOf(digest *[sha1.Size]byte) uint64 { return binary.BigEndian.Uint64(digest[1:]) }

// header is what the file says of its fingerprints.
type header struct {
	width   int // bytes of a fingerprint
	entries int64
	table   [shards]shard
}

// encode writes the header. Offsets are not part of it.
func (h *header) encode() []byte {
	b := make([]byte, 0, headerSize)
	b = append(b, magic...)
	b = binary.LittleEndian.AppendUint16(b, version)
	b = binary.LittleEndian.AppendUint16(b, uint16(h.width))
	b = binary.LittleEndian.AppendUint32(b, shards)
	b = binary.LittleEndian.AppendUint64(b, uint64(h.entries))
	for i := range h.table {
		s := &h.table[i]
		b = binary.LittleEndian.AppendUint64(b, s.seed)
		for _, n := range [...]uint32{s.entries, s.segmentLength, s.segments, s.checksum} {
			b = binary.LittleEndian.AppendUint32(b, n)
		}
	}
	sum := sha256.Sum256(b)
	return append(b, sum[:]...)
}

// Why a file is none of ours.
var (
	errMagic   = errors.New("this is not a filter; make one by coatcheck pwned build")
	errDamaged = errors.New("the filter is damaged; build it anew")
)

// decode reads the header of a file of that size, and holds that all a probe can
// ask for lies within it.
func decode(b []byte, fileSize int64) (*header, error) {
	if len(b) < headerSize || !bytes.HasPrefix(b, []byte(magic)) {
		return nil, errMagic
	}
	if v := binary.LittleEndian.Uint16(b[8:]); v != version {
		return nil, fmt.Errorf("the filter has version %d, and this program reads %d; build it anew", v, version)
	}
	if sum := sha256.Sum256(b[:sumAt]); !bytes.Equal(sum[:], b[sumAt:headerSize]) {
		return nil, errDamaged
	}
	h := &header{width: int(binary.LittleEndian.Uint16(b[10:]))}
	entries := binary.LittleEndian.Uint64(b[16:])
	if h.width != 1 && h.width != 2 || binary.LittleEndian.Uint32(b[12:]) != shards || entries == 0 || entries > math.MaxInt64 {
		return nil, errDamaged
	}
	h.entries = int64(entries)
	end, sum := int64(headerSize), int64(0)
	for i := range h.table {
		s := &h.table[i]
		s.decode(b[rowsAt+i*rowSize:])
		if !s.sound() {
			return nil, errDamaged
		}
		s.offset = end
		end += int64(s.size()) * int64(h.width) // at most 256 times 2 times 2³²
		sum += int64(s.entries)
	}
	if end != fileSize || sum != h.entries {
		return nil, errDamaged
	}
	return h, nil
}

func (s *shard) decode(row []byte) {
	s.seed = binary.LittleEndian.Uint64(row)
	for i, n := range [...]*uint32{&s.entries, &s.segmentLength, &s.segments, &s.checksum} {
		*n = binary.LittleEndian.Uint32(row[8+4*i:])
	}
}

// sound reports whether every probe stays among the fingerprints, and whether these
// suffice for the entries.
func (s *shard) sound() bool {
	if s.entries == 0 {
		return s.seed == 0 && s.segmentLength == 0 && s.segments == 0 && s.checksum == 0
	}
	return bits.OnesCount32(s.segmentLength) == 1 && s.segmentLength <= maxSegment && s.segments > 0 &&
		s.size() <= math.MaxUint32 && uint64(s.entries) <= s.size()
}
