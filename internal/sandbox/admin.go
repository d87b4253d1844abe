package sandbox

import "net/http"

// AdminHandler serves what tests and operators ask about the server itself, without a key: GET /stats
// answers with Stats, GET /log with the requests received, POST /reset sets the counters to zero and forgets
// cached answers.
func (s *Server) AdminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /stats", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, s.Stats())
	})
	mux.HandleFunc("GET /log", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, s.Log())
	})
	mux.HandleFunc("POST /reset", func(w http.ResponseWriter, _ *http.Request) {
		s.Reset()
		w.WriteHeader(http.StatusNoContent)
	})
	return mux
}

// Stats returns what was counted since the start or the last Reset.
func (s *Server) Stats() Stats {
	st := s.counters.snapshot()
	st.Running = s.runs.snapshot()
	return st
}

// Log returns the last 200,000 requests since the start or the last Reset, each with the instant at which it
// came in, in that order.
func (s *Server) Log() []Received { return s.counters.requestLog() }

// Reset sets the counters to zero and forgets cached answers. Running queries and the states of
// background runs stay.
func (s *Server) Reset() {
	s.counters.reset()
	s.cache.clear()
}
