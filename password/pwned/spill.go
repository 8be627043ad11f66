package pwned

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
)

const (
	blockSize = 32 << 10 // bytes of a block; one for each shard is in memory
	// maxShard bounds the entries of a shard, whose places have 32 bits. 2²⁸ are
	// 69 thousand million entries in all.
	maxShard = 1 << 28
)

// spill sorts keys by shard, whatever order they come in. It keeps them in blocks
// of one shard each, in a temporary file; the last of each shard stays in memory,
// so a short list makes no file.
type spill struct {
	dir     string
	file    *os.File // nil before the first block is full
	end     int64
	blocks  [shards][]int64 // where the blocks begin
	current [shards][]byte
	scratch []byte
}

// add adds a key.
func (s *spill) add(to byte, key uint64) error {
	if s.current[to] == nil {
		s.current[to] = make([]byte, 0, blockSize)
	}
	s.current[to] = binary.LittleEndian.AppendUint64(s.current[to], key)
	if len(s.current[to]) < blockSize {
		return nil
	}
	if len(s.blocks[to]) >= maxShard/(blockSize/8) {
		return fmt.Errorf("there are too many entries, more than %d that begin with the byte %02x", maxShard, to)
	}
	if s.file == nil {
		file, err := os.CreateTemp(s.dir, temporaryName)
		if err != nil {
			return err
		}
		s.file = file
	}
	if _, err := s.file.Write(s.current[to]); err != nil {
		return err
	}
	s.blocks[to] = append(s.blocks[to], s.end)
	s.end += blockSize
	s.current[to] = s.current[to][:0]
	return nil
}

// largest is how many keys the shard of the most has.
func (s *spill) largest() int {
	most := 0
	for i := range s.blocks {
		most = max(most, len(s.blocks[i])*blockSize/8+len(s.current[i])/8)
	}
	return most
}

// keys appends the keys of a shard.
func (s *spill) keys(of int, keys []uint64) ([]uint64, error) {
	if s.scratch == nil {
		s.scratch = make([]byte, blockSize)
	}
	for _, offset := range s.blocks[of] {
		if _, err := s.file.ReadAt(s.scratch, offset); err != nil {
			return nil, err
		}
		keys = appendKeys(keys, s.scratch)
	}
	return appendKeys(keys, s.current[of]), nil
}

func appendKeys(keys []uint64, block []byte) []uint64 {
	for ; len(block) > 0; block = block[8:] {
		keys = append(keys, binary.LittleEndian.Uint64(block))
	}
	return keys
}

// remove removes the file.
func (s *spill) remove() error {
	if s.file == nil {
		return nil
	}
	return errors.Join(s.file.Close(), os.Remove(s.file.Name()))
}
