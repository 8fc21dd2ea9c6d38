package alloc

import (
	"math/rand/v2"
	"sync"
	"testing"
	"unsafe"
)

func TestClassesFit(t *testing.T) {
	for size := 1; size < 1<<19; size += 1 + size/97 {
		c := classOf(size)
		if classBytes(c) < size || c > 0 && classBytes(c-1) >= size {
			t.Fatalf("%d bytes go into class %d of %d bytes", size, c, classBytes(c))
		}
	}
	if c := classOf(1 << classMaxBits); c != classCount-1 || classOf(1<<classMaxBits+1) != classCount {
		t.Fatalf("16 MiB go into class %d of %d", c, classCount)
	}
}

func TestMemoryIsAlignedZeroedAndOnesOwn(t *testing.T) {
	p := NewPool(1 << 20)
	rng := rand.New(rand.NewPCG(1, 2))
	type block struct {
		b    []byte
		mark byte
	}
	var blocks []block
	for range 5000 {
		if len(blocks) > 20 || len(blocks) > 0 && rng.IntN(3) == 0 {
			i := rng.IntN(len(blocks))
			x := blocks[i]
			for _, got := range x.b {
				if got != x.mark {
					t.Fatalf("a block holds %d where %d was written", got, x.mark)
				}
			}
			p.Free(x.b)
			blocks[i] = blocks[len(blocks)-1]
			blocks = blocks[:len(blocks)-1]
			continue
		}
		x := block{p.Allocate(1 + rng.IntN(5000)), byte(rng.IntN(256))}
		if rng.IntN(3) == 0 {
			n := len(x.b)
			for i := range x.b {
				x.b[i] = 7
			}
			x.b = p.Reallocate(1+rng.IntN(20_000), x.b)
			for i := range min(n, len(x.b)) {
				if x.b[i] != 7 {
					t.Fatal("Reallocate lost bytes")
				}
				x.b[i] = 0
			}
		}
		if uintptr(unsafe.Pointer(&x.b[0]))%alignment != 0 {
			t.Fatal("a block is not aligned")
		}
		for i, got := range x.b {
			if got != 0 {
				t.Fatal("a block is not zeroed")
			}
			x.b[i] = x.mark
		}
		blocks = append(blocks, x)
	}
	for _, x := range blocks {
		p.Free(x.b)
	}
	s := p.Stats()
	if s.LiveBytes != 0 || s.KeptBytes > 1<<20 || s.Reused == 0 || s.PeakBytes == 0 {
		t.Fatalf("stats at the end: %+v", s)
	}
}

func TestFreedMemoryIsPoisonedUnderTheTag(t *testing.T) {
	p := NewPool(0)
	b := p.Allocate(100)
	p.Free(b)
	if poisoned := b[50] != 0; poisoned != Poisons {
		t.Fatalf("freed memory holds %#x", b[50])
	}
}

func TestConcurrentUse(t *testing.T) {
	p := NewPool(1 << 20)
	pass := make(chan []byte, 64)
	var work sync.WaitGroup
	for range 4 {
		work.Add(2)
		go func() {
			defer work.Done()
			for i := range 2000 {
				pass <- p.Allocate(1 + i%3000)
			}
		}()
		go func() {
			defer work.Done()
			for range 2000 {
				p.Free(<-pass)
			}
		}()
	}
	work.Wait()
	if s := p.Stats(); s.LiveBytes != 0 {
		t.Fatalf("stats at the end: %+v", s)
	}
}

func BenchmarkAllocateFree(b *testing.B) {
	p := NewPool(0)
	b.ReportAllocs()
	for b.Loop() {
		p.Free(p.Allocate(32 << 10))
	}
}
