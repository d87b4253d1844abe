package driver

import (
	"context"
	"sync"
	"time"
)

// catalogueCache keeps parts of the catalogue for a short time. Callers that want the same part at the
// same time share one reading.
type catalogueCache struct {
	mu sync.Mutex
	m  map[cacheKey]*cacheSlot
}

const cacheSlots = 2000

type cacheKey struct {
	part    string
	project int64
	name    string
}

type cacheSlot struct {
	busy  chan struct{} // holds one token while somebody reads
	at    time.Time     // when value was read; zero: never
	value any
}

func newCatalogueCache() *catalogueCache { return &catalogueCache{m: map[cacheKey]*cacheSlot{}} }

func (c *catalogueCache) slot(k cacheKey) *cacheSlot {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.m[k]
	if s == nil {
		if len(c.m) >= cacheSlots {
			clear(c.m)
		}
		s = &cacheSlot{busy: make(chan struct{}, 1)}
		c.m[k] = s
	}
	return s
}

// fetch gives a kept value younger than life, with the time it was read, or reads it. Errors are not kept.
func fetch[T any](ctx context.Context, c *catalogueCache, k cacheKey, life time.Duration, read func(context.Context) (T, error)) (T, time.Time, error) {
	var zero T
	s := c.slot(k)
	select {
	case s.busy <- struct{}{}:
		defer func() { <-s.busy }()
	case <-ctx.Done():
		return zero, time.Time{}, contextError(ctx, "read "+k.part)
	}
	if !s.at.IsZero() && time.Since(s.at) < life {
		return s.value.(T), s.at, nil
	}
	at := time.Now()
	v, err := read(ctx)
	if err != nil {
		return zero, time.Time{}, err
	}
	s.value, s.at = v, at
	return v, at, nil
}
