package driver

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/klauspost/compress/zstd"
)

// maxWindow is how much memory a zstd stream may make the decoder keep; RFC 8878 advises 8 MB.
const maxWindow = 8 << 20

// inflater asks for compressed answers and gives them decompressed, as a stream: what reads the body bounds
// its size.
type inflater struct{ base http.RoundTripper }

// RoundTrip sends a copy of the request that allows gzip and zstd.
func (t *inflater) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Accept-Encoding", "zstd, gzip")
	resp, err := t.base.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	switch resp.Header.Get("Content-Encoding") {
	case "", "identity":
		return resp, nil
	case "gzip":
		resp.Body = &inflated{under: resp.Body, open: openGzip}
	case "zstd":
		resp.Body = &inflated{under: resp.Body, open: openZstd}
	default: // nobody asked for it
		resp.Body = &inflated{under: resp.Body, err: errEncoding}
	}
	resp.Header.Del("Content-Encoding")
	resp.Header.Del("Content-Length")
	resp.ContentLength, resp.Uncompressed = -1, true
	return resp, nil
}

// CloseIdleConnections hands the wish down to the base transport.
func (t *inflater) CloseIdleConnections() { closeIdle(t.base) }

var errEncoding = errors.New("the answer is compressed in a way that was not asked for")

// inflated is a body that is decompressed as it is read.
type inflated struct {
	under io.ReadCloser
	open  func(io.Reader) (io.ReadCloser, error)
	plain io.ReadCloser // nil before the first Read
	err   error
}

// Read opens the stream at first, because that reads from the network.
func (b *inflated) Read(p []byte) (int, error) {
	if b.plain == nil && b.err == nil {
		if b.plain, b.err = b.open(b.under); b.err != nil {
			b.err = fmt.Errorf("decompress: %w", b.err)
		}
	}
	if b.err != nil {
		return 0, b.err
	}
	return b.plain.Read(p)
}

// Close closes the decompressor and the body.
func (b *inflated) Close() error {
	if b.plain != nil {
		_ = b.plain.Close()
	}
	b.err = http.ErrBodyReadAfterClose
	return b.under.Close()
}

func openGzip(r io.Reader) (io.ReadCloser, error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, err
	}
	return z, nil
}

func openZstd(r io.Reader) (io.ReadCloser, error) {
	d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderLowmem(true))
	if err != nil {
		return nil, err
	}
	return d.IOReadCloser(), nil
}
