package pwned

import (
	"context"
	"errors"
	"hash/crc32"
	"os"
	"slices"
	"unsafe"

	"github.com/FastFilter/xorfilter"
)

// writer writes the file, shard by shard.
type writer struct {
	header
	file    *os.File
	end     int64 // of what is written
	builder xorfilter.BinaryFuseBuilder
	keys    []uint64
	bytes   []byte // the fingerprints of a shard as they are in the file
}

// write writes the shards and, when their table is known, the header.
func (w *writer) write(ctx context.Context, sorted *spill, progress func(Stage, int64, int64)) error {
	most := sorted.largest() // so that nothing has to grow
	w.keys = make([]uint64, 0, most)
	if w.width == 1 {
		w.builder = xorfilter.MakeBinaryFuseBuilder[uint8](most)
	} else {
		w.builder = xorfilter.MakeBinaryFuseBuilder[uint16](most)
	}
	for i := range w.table {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := w.writeShard(i, sorted); err != nil {
			return err
		}
		progress(Building, int64(i)+1, shards)
	}
	_, err := w.file.WriteAt(w.encode(), 0)
	return err
}

func (w *writer) writeShard(i int, sorted *spill) (err error) {
	if w.keys, err = sorted.keys(i, w.keys[:0]); err != nil || len(w.keys) == 0 {
		return err
	}
	slices.Sort(w.keys)
	keys := slices.Compact(w.keys)
	if w.width == 1 {
		w.table[i], w.bytes, err = fuse[uint8](&w.builder, keys, w.bytes[:0])
	} else {
		w.table[i], w.bytes, err = fuse[uint16](&w.builder, keys, w.bytes[:0])
	}
	if err != nil {
		return err
	}
	if !hasAll(&w.table[i], w.width, w.bytes, keys) {
		return errors.New("the filter lacks what was put into it, which is a bug of this program")
	}
	if _, err := w.file.WriteAt(w.bytes, w.end); err != nil {
		return err
	}
	w.end += int64(len(w.bytes))
	w.entries += int64(len(keys))
	return nil
}

// fuse creates a shard of keys that are not equal, and appends its fingerprints.
func fuse[T uint8 | uint16](b *xorfilter.BinaryFuseBuilder, keys []uint64, to []byte) (shard, []byte, error) {
	made, err := xorfilter.BuildBinaryFuse[T](b, keys)
	if err != nil {
		return shard{}, to, err
	}
	n := len(made.Fingerprints) * int(unsafe.Sizeof(T(0)))
	if cap(to) < n {
		to = make([]byte, 0, n+n/16) // for the next ones, which may be a little larger
	}
	for _, f := range made.Fingerprints {
		to = append(to, byte(f))
		if unsafe.Sizeof(T(0)) == 2 {
			to = append(to, byte(uint16(f)>>8))
		}
	}
	return shard{
		seed: made.Seed, entries: uint32(len(keys)), segmentLength: made.SegmentLength, segments: made.SegmentCount,
		checksum: crc32.Checksum(to, castagnoli),
	}, to, nil
}

// hasAll reports whether a reader of the file will find every key.
func hasAll(s *shard, width int, fingerprints []byte, keys []uint64) bool {
	if !s.sound() || uint64(len(fingerprints)) != s.size()*uint64(width) {
		return false
	}
	for _, key := range keys {
		at, sum := s.probe(key)
		for _, i := range at {
			sum ^= uint64(fingerprints[int(i)*width])
			if width == 2 {
				sum ^= uint64(fingerprints[2*int(i)+1]) << 8
			}
		}
		if sum&(1<<(8*width)-1) != 0 {
			return false
		}
	}
	return true
}
