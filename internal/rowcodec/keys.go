package rowcodec

// Keys is a batch of encoded keys with their hashes. Reuse one value over
// batches: its memory grows to the largest batch and is then kept. The zero value
// is an empty batch.
type Keys struct {
	// Data holds the keys one after another.
	Data []byte
	// Offsets has one entry more than there are keys; key i is
	// Data[Offsets[i]:Offsets[i+1]]. It is empty when there are none.
	Offsets []uint32
	// Hashes holds Hash of each key.
	Hashes []uint64
	// Width is the length of every key if they are known to be of the same
	// length, and 0 otherwise.
	Width int
	// Routes decides the key groups instead of Hashes when it is not nil. Set it
	// when state is kept by more columns than rows were partitioned by, so that
	// rescaling moves a row of state to where its input rows go. Encode and Reset
	// set it to nil.
	Routes []uint64
}

// Len is the number of keys.
func (k *Keys) Len() int { return len(k.Hashes) }

// At is key i, valid until the batch is reused.
func (k *Keys) At(i int) []byte { return k.Data[k.Offsets[i]:k.Offsets[i+1]] }

// Route is the hash that decides the key group of key i.
func (k *Keys) Route(i int) uint64 {
	if k.Routes != nil {
		return k.Routes[i]
	}
	return k.Hashes[i]
}

// Reset empties the batch and keeps its memory.
func (k *Keys) Reset() {
	k.Data, k.Offsets, k.Hashes, k.Width, k.Routes = k.Data[:0], k.Offsets[:0], k.Hashes[:0], 0, nil
}

// Append adds an encoded key. It may not be mixed with a Width that the key does
// not have; on an empty or variable batch it always works.
func (k *Keys) Append(key []byte) { k.AppendHashed(key, Hash(key)) }

// AppendHashed adds an encoded key whose Hash is known.
func (k *Keys) AppendHashed(key []byte, hash uint64) {
	if len(k.Offsets) == 0 {
		k.Offsets = append(k.Offsets, 0)
		k.Width = len(key)
	} else if k.Width != len(key) {
		k.Width = 0
	}
	k.Data = append(k.Data, key...)
	k.Offsets = append(k.Offsets, uint32(len(k.Data)))
	k.Hashes = append(k.Hashes, hash)
}

// resize makes room for n keys of size bytes in all; contents are undefined.
func (k *Keys) resize(n, size int) {
	k.Data = grow(k.Data, size)
	k.Offsets = grow(k.Offsets, n+1)
	k.Hashes = grow(k.Hashes, n)
	k.Width, k.Routes = 0, nil
}

// hashAll fills Hashes from Data and Offsets.
func (k *Keys) hashAll() {
	switch k.Width {
	case 8:
		words := asWords(k.Data, k.Len())
		hashes := k.Hashes[:len(words)]
		for i, w := range words {
			hashes[i] = hash8(w)
		}
	case 16:
		words := asWords(k.Data, 2*k.Len())
		for i := range k.Hashes {
			k.Hashes[i] = hash16(words[2*i], words[2*i+1])
		}
	default:
		for i := range k.Hashes {
			k.Hashes[i] = Hash(k.At(i))
		}
	}
}

// Rows is a batch of encoded rows, reusable like Keys.
type Rows struct {
	Data    []byte
	Offsets []uint32
}

// Len is the number of rows.
func (r *Rows) Len() int { return max(0, len(r.Offsets)-1) }

// At is row i, valid until the batch is reused.
func (r *Rows) At(i int) []byte { return r.Data[r.Offsets[i]:r.Offsets[i+1]] }

// grow returns a slice of length n that reuses s's memory when it can. The
// contents are undefined.
func grow[T any](s []T, n int) []T {
	if cap(s) >= n {
		return s[:n]
	}
	return make([]T, n, max(n, 2*cap(s)))
}
