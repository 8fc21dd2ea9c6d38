package rowcodec

import (
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

func TestOneBigintKeyIsOneWord(t *testing.T) {
	b := array.NewInt64Builder(memory.DefaultAllocator)
	defer b.Release()
	b.AppendValues([]int64{7, -1, 7}, nil)
	arr := b.NewArray()
	defer arr.Release()
	enc, err := NewKeyEncoder([]arrow.DataType{arr.DataType()})
	if err != nil {
		t.Fatal(err)
	}
	var keys Keys
	if err := enc.Encode([]arrow.Array{arr}, 3, &keys); err != nil {
		t.Fatal(err)
	}
	if keys.Width != 8 || keys.Len() != 3 || string(keys.At(0)) != string(keys.At(2)) || string(keys.At(0)) == string(keys.At(1)) {
		t.Fatalf("unexpected keys %v", keys)
	}
	if keys.Hashes[0] != keys.Hashes[2] || keys.Hashes[0] != Hash(keys.At(0)) {
		t.Fatalf("unexpected hashes %v", keys.Hashes)
	}
}
