package expr

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/thalweg/thalweg/internal/errs"
	"github.com/thalweg/thalweg/internal/rowcodec"
	"github.com/thalweg/thalweg/internal/types"
	"github.com/thalweg/thalweg/operators/stream/columns"
)

// digest appends the hash of text to dst.
type digest func(dst, text []byte) []byte

func hashFunctions() []Function {
	one := func(name, doc string, d digest, text, result string) Function {
		return def("hash", name, name+"(string)", "The "+doc+" hash as lower-case hexadecimal digits.", textRule(textOrBytes()),
			bindDigest(d), Example{name + "('" + text + "')", result})
	}
	return []Function{
		one("MD5", "MD5", digestMD5, "a", "0cc175b9c0f1b6a831c399e269772661"),
		one("SHA1", "SHA-1", digestSHA1, "a", "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8"),
		one("SHA224", "SHA-224", digestSHA224, "a", "abd37534c7d9a2efb9465de931cd7055ffdb8879563ae98078d6d6d5"),
		one("SHA256", "SHA-256", digestSHA256, "a", "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"),
		one("SHA384", "SHA-384", digestSHA384, "a", "54a59b9f22b0b80880d8427e548b7c23abd873486e1f035dce9cd697e85175033caa88e6d57bc35efae0b5afd3145f31"),
		one("SHA512", "SHA-512", digestSHA512, "a", "1f40fc92da241694750979ee6cf582f2d5d7d28e18335de05abc54d0560e0f5302860c652bf08d560252aa5e74210546f369fbbbce8c12cfc7957b2652fe9a75"),
		def("hash", "SHA2", "SHA2(string, INT)", "The hash of the SHA-2 family with 224, 256, 384 or 512 bits.",
			textRule(textOrBytes(), intParam()), bindSHA2, Example{"SHA2('a', 224)", "abd37534c7d9a2efb9465de931cd7055ffdb8879563ae98078d6d6d5"}).fallible(),
		{Name: "HASH_CODE", Family: "hash", Usage: "HASH_CODE(value)",
			Doc:      "A number of 31 bits that spreads values of any type evenly: equal values have equal numbers, and NULL has one too. Stable over versions.",
			Examples: []Example{{"HASH_CODE('a') = HASH_CODE('a')", "TRUE"}, {"HASH_CODE(CAST(NULL AS INT)) IS NULL", "FALSE"}},
			Resolve:  rule{params: []param{anyParam()}, result: always(types.Of(types.Int).NotNull()), keepNull: true}.to("HASH_CODE"),
			Bind:     func(*Call) (Kernel, error) { return (&hashCode{}).kernel, nil }},
	}
}

// hashCode hashes values as the keys they would be.
type hashCode struct {
	encoder *rowcodec.KeyEncoder
	keys    rowcodec.Keys
}

func (h *hashCode) kernel(ctx *EvalContext, args []Vector, n int) (arrow.Array, error) {
	if h.encoder == nil {
		encoder, err := rowcodec.NewKeyEncoder([]arrow.DataType{args[0].Array.DataType()})
		if err != nil {
			return nil, err
		}
		h.encoder = encoder
	}
	if err := h.encoder.Encode([]arrow.Array{args[0].Array}, n, &h.keys); err != nil {
		return nil, err
	}
	out := columns.NewBuffer(ctx.Alloc, n*arrow.Int32SizeBytes)
	codes := arrow.Int32Traits.CastFromBytes(out.Bytes())
	for i, hash := range h.keys.Hashes {
		codes[i] = int32(hash >> 33)
	}
	return fixed(arrow.PrimitiveTypes.Int32, n, validity{}, out), nil
}

func digestMD5(dst, text []byte) []byte {
	sum := md5.Sum(text)
	return hex.AppendEncode(dst, sum[:])
}

func digestSHA1(dst, text []byte) []byte {
	sum := sha1.Sum(text)
	return hex.AppendEncode(dst, sum[:])
}

func digestSHA224(dst, text []byte) []byte {
	sum := sha256.Sum224(text)
	return hex.AppendEncode(dst, sum[:])
}

func digestSHA256(dst, text []byte) []byte {
	sum := sha256.Sum256(text)
	return hex.AppendEncode(dst, sum[:])
}

func digestSHA384(dst, text []byte) []byte {
	sum := sha512.Sum384(text)
	return hex.AppendEncode(dst, sum[:])
}

func digestSHA512(dst, text []byte) []byte {
	sum := sha512.Sum512(text)
	return hex.AppendEncode(dst, sum[:])
}

func bindDigest(d digest) binder {
	return toText(func(args []byteColumn) textFn {
		return func(dst []byte, i int) ([]byte, error) { return d(dst, args[0].at(i)), nil }
	})
}

func bindSHA2(c *Call) (Kernel, error) {
	return textRows(c.Type, func(_ *EvalContext, args []Vector) func(dst []byte, i int) ([]byte, error) {
		text, bits := bytesOf(args[0]), fixedOf[int32](args[1])
		return func(dst []byte, i int) ([]byte, error) {
			switch n := bits.at(i); n {
			case 224:
				return digestSHA224(dst, text.at(i)), nil
			case 256:
				return digestSHA256(dst, text.at(i)), nil
			case 384:
				return digestSHA384(dst, text.at(i)), nil
			case 512:
				return digestSHA512(dst, text.at(i)), nil
			default:
				return dst, errs.Userf("%s: the number of bits must be 224, 256, 384 or 512, not %d", c.Label, n)
			}
		}
	}), nil
}
