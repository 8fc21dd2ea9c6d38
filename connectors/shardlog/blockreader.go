package shardlog

import (
	"bytes"
	"errors"
	"io"
	"slices"
)

// errNoBlock says that no intact block is at a place: the file ends there, or what
// is there fails its checks.
var errNoBlock = errors.New("no intact block")

// readChunkBytes is what a blockReader reads at once.
const readChunkBytes = 1 << 20

// blockReader reads a segment's blocks one after the other.
type blockReader struct {
	file io.ReaderAt
	// at is the place of the next block.
	at int64
	// buffer holds what was read of the file from bufferAt on.
	buffer   []byte
	bufferAt int64
}

// next gives the block at r.at, before limit, and moves behind it. The block is
// valid until the next call. It returns errNoBlock, without moving, when there is
// none, and other errors when the file can't be read.
func (r *blockReader) next(limit int64) (blockHeader, []byte, error) {
	head, err := r.view(blockHeaderBytes, limit)
	if err != nil {
		return blockHeader{}, nil, err
	}
	h, ok := parseHeader(head)
	if !ok {
		return blockHeader{}, nil, errNoBlock
	}
	block, err := r.view(h.bytes(), limit)
	if err != nil {
		return blockHeader{}, nil, err
	}
	if !checkBlock(h, block) {
		return blockHeader{}, nil, errNoBlock
	}
	r.at += h.bytes()
	return h, block, nil
}

// skip is next without reading or checking the payload.
func (r *blockReader) skip(limit int64) (blockHeader, error) {
	head, err := r.view(blockHeaderBytes, limit)
	if err != nil {
		return blockHeader{}, err
	}
	h, ok := parseHeader(head)
	if !ok || r.at+h.bytes() > limit {
		return blockHeader{}, errNoBlock
	}
	r.at += h.bytes()
	return h, nil
}

// view gives n bytes at r.at, reading ahead as far as limit.
func (r *blockReader) view(n, limit int64) ([]byte, error) {
	if r.at+n > limit {
		return nil, errNoBlock
	}
	from := r.at - r.bufferAt
	if from < 0 || from+n > int64(len(r.buffer)) {
		if err := r.fill(n, limit); err != nil {
			return nil, err
		}
		from = 0
	}
	return r.buffer[from : from+n], nil
}

// fill reads the buffer anew from r.at on, n bytes at least.
func (r *blockReader) fill(n, limit int64) error {
	want := min(max(n, readChunkBytes), limit-r.at)
	kept := 0
	if from := r.at - r.bufferAt; from >= 0 && from < int64(len(r.buffer)) {
		kept = copy(r.buffer, r.buffer[from:])
	}
	r.buffer = slices.Grow(r.buffer[:kept], int(want)-kept)[:want]
	r.bufferAt = r.at
	got, err := r.file.ReadAt(r.buffer[kept:], r.at+int64(kept))
	r.buffer = r.buffer[:kept+got]
	switch {
	case int64(len(r.buffer)) >= n:
		return nil
	case err == nil || errors.Is(err, io.EOF):
		return errNoBlock
	}
	return err
}

// resync moves to the next intact block behind r.at. It returns errNoBlock when
// there is none before limit.
func (r *blockReader) resync(limit int64) error {
	for r.at++; r.at < limit; {
		chunk, err := r.view(min(readChunkBytes, limit-r.at), limit)
		if err != nil {
			return err
		}
		found := bytes.Index(chunk, []byte(blockMagic))
		if found < 0 {
			// The magic may lie across the chunk's end.
			r.at += max(1, int64(len(chunk))-int64(len(blockMagic))+1)
			continue
		}
		r.at += int64(found)
		place := r.at
		_, _, err = r.next(limit)
		r.at = place
		if !errors.Is(err, errNoBlock) {
			return err
		}
		r.at++
	}
	return errNoBlock
}
