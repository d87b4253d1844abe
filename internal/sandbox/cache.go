package sandbox

import (
	"sync"
	"time"
)

// The cache forgets the oldest answers beyond these.
const (
	maxCached      = 500
	maxCachedBytes = 64 << 20
)

// cache keeps answers of queries.
type cache struct {
	mu      sync.Mutex
	entries map[string]*response
	order   []string // of the keys, oldest first
	bytes   int
}

func newCache() *cache { return &cache{entries: map[string]*response{}} }

// get returns the answer kept under key and its age; nil where there is none.
func (c *cache) get(key string) (*response, time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, found := c.entries[key]
	if !found {
		return nil, 0
	}
	return r, time.Since(time.Time(r.LastRefresh))
}

// put keeps an answer, in place of an older one with the same key.
func (c *cache) put(r *response) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.remove(r.CacheKey)
	if r.size() > maxCachedBytes {
		return
	}
	c.entries[r.CacheKey] = r
	c.order = append(c.order, r.CacheKey)
	c.bytes += r.size()
	for len(c.order) > maxCached || c.bytes > maxCachedBytes {
		c.remove(c.order[0])
	}
}

func (c *cache) remove(key string) {
	old, found := c.entries[key]
	if !found {
		return
	}
	delete(c.entries, key)
	c.bytes -= old.size()
	for i, k := range c.order {
		if k == key {
			c.order = append(c.order[:i], c.order[i+1:]...)
			return
		}
	}
}

func (c *cache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.entries)
	c.order, c.bytes = nil, 0
}
