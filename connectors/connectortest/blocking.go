package connectortest

import (
	"context"
	"errors"
	"testing"

	"github.com/thalweg/thalweg/connectors/connector"
)

// Blocking runs the behaviours of a source that waits for rows: src has none to
// give (any more).
func Blocking(t *testing.T, src connector.Source) {
	t.Run("a wake returns an empty batch", func(t *testing.T) {
		r, wait := openFirst(t, src), make(chan struct{})
		done := drain(context.Background(), r, wait)
		close(wait)
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Run("a cancelled context returns", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		r := openFirst(t, src)
		done := drain(ctx, r, nil)
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Run("closing makes Next return", func(t *testing.T) {
		r := openFirst(t, src)
		done := drain(context.Background(), r, nil)
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		<-done
	})
}

// openFirst opens the source's first split.
func openFirst(t testing.TB, src connector.Source) connector.Reader {
	t.Helper()
	r, err := src.Open(context.Background(), Source{}.discover(t, src)[0], nil, env(t, 10))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// drain reads on a goroutine of its own until there is an error or no row.
func drain(ctx context.Context, r connector.Reader, wait <-chan struct{}) <-chan error {
	done := make(chan error, 1)
	go func() {
		for {
			batch, err := r.Next(ctx, wait)
			rows := batch.Rows()
			batch.Release()
			if err != nil || rows == 0 {
				done <- err
				return
			}
		}
	}()
	return done
}
