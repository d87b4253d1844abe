package config

import "crypto/x509"

// authorities reads certificates to trust beside the system's; nil where there is no file.
func (l *loader) authorities(name, path string) *x509.CertPool {
	const most = 4 << 20
	if path == "" {
		return nil
	}
	text, ok := l.file(name, path, most)
	if !ok {
		return nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil { // a system without certificates: those of the file alone
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM([]byte(text)) {
		l.faults.add(name, "", "names a file that holds no certificate (it must begin with -----BEGIN CERTIFICATE-----)")
		return nil
	}
	return pool
}
