package driver

import (
	"sync"
	"time"
)

const (
	budgetSeconds = 60 // over which retries are counted
	budgetFloor   = 10 // retries in it that are always allowed, so that a lone caller gets its own
	budgetShare   = 10 // one retry for so many requests
)

// budget keeps retries a small part of all requests to a host: when everything fails, retrying everything would
// only add to the load that makes it fail.
type budget struct {
	mu   sync.Mutex
	sums [budgetSeconds]budgetSecond
}

type budgetSecond struct {
	second            int64
	requests, retries int
}

// at is the sum of the present second.
func (b *budget) at(second int64) *budgetSecond {
	s := &b.sums[second%budgetSeconds]
	if s.second != second {
		*s = budgetSecond{second: second}
	}
	return s
}

// sent counts a request.
func (b *budget) sent() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.at(time.Now().Unix()).requests++
}

// retry takes one retry, if there is one.
func (b *budget) retry() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now().Unix()
	requests, retries := 0, 0
	for i := range b.sums {
		if s := &b.sums[i]; now-s.second < budgetSeconds {
			requests += s.requests
			retries += s.retries
		}
	}
	if retries >= max(budgetFloor, requests/budgetShare) {
		return false
	}
	b.at(now).retries++
	return true
}
