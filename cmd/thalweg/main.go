// Command thalweg is the stream processor: it runs SQL scripts, serves jobs and
// streams over REST, and benchmarks itself.
package main

import (
	"os"

	"github.com/thalweg/thalweg/cmd/internal/cli"
)

func main() {
	os.Exit(cli.Main(os.Args[1:], cli.Stdio{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
}
