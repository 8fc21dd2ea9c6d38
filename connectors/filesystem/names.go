package filesystem

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strings"
)

// temporaryMark ends the name of a file that is not committed.
const temporaryMark = ".inprogress"

// temporaryPrefix begins the names of a job's uncommitted files; it is hidden, so
// no source reads them.
func temporaryPrefix(job string) string { return ".part-" + safeName(job) + "~" }

// partName is what the names of a writer's files are made of.
type partName struct {
	job   string
	task  int
	token string
}

// temporary names the n-th file of a writer: hidden, and unique by the writer's
// token.
func (p partName) temporary(n int) string {
	return fmt.Sprintf("%s%d-%s-%d%s", temporaryPrefix(p.job), p.task, p.token, n, temporaryMark)
}

// final names the n-th file of an epoch. The token keeps apart jobs of one
// name, of two runs into one folder, say.
func (p partName) final(epoch uint64, n int, extension string) string {
	return fmt.Sprintf("part-%s-%d-%d-%d-%s.%s", safeName(p.job), p.task, epoch, n, p.token, extension)
}

// safeName makes a job's name fit for a file's.
func safeName(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_', r == '.':
			return r
		}
		return '_'
	}, name)
}

// newToken makes a text that no other writer of the same job name has. It is part
// of names alone, and committables carry these, so a replay need not repeat it.
func newToken() string {
	var b [4]byte
	if _, err := rand.Read(b[:]); err != nil {
		panic("filesystem: the system gives no random bytes: " + err.Error())
	}
	return hex.EncodeToString(b[:])
}
