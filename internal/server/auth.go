package server

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"
)

// Token is one bearer token that may call. Only its hash is kept, so nothing can print it.
type Token struct {
	Name string // who uses it, for the log
	hash [sha256.Size]byte
}

// NewToken returns the Token of a secret.
func NewToken(name, secret string) Token {
	return Token{Name: name, hash: sha256.Sum256([]byte(secret))}
}

// bearer returns the name of the token that the request carries. All tokens are compared, each in
// constant time, so that the time taken tells nothing.
func bearer(r *http.Request, tokens []Token) (name string, ok bool) {
	scheme, secret, found := strings.Cut(r.Header.Get("Authorization"), " ")
	if !found || !strings.EqualFold(scheme, "bearer") {
		return "", false
	}
	hash := sha256.Sum256([]byte(strings.TrimSpace(secret)))
	for _, t := range tokens {
		if subtle.ConstantTimeCompare(hash[:], t.hash[:]) == 1 {
			name, ok = t.Name, true
		}
	}
	return name, ok
}
