package schema

// Rate is what a US dollar costs in a currency.
type Rate struct {
	Currency string // three letters
	Rate     string // a decimal number
}

// Rates are the exchange rates of the sandbox: invented, and the same each day. PostHog has one for each day.
func Rates() []Rate {
	return []Rate{{"USD", "1"}, {"EUR", "0.9"}, {"GBP", "0.8"}, {"INR", "85"}, {"BRL", "5.5"}, {"CHF", "0.88"}, {"JPY", "150"}, {"CAD", "1.4"}}
}
