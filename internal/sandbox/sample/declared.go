package sample

import "strings"

// demoEvents are the events of "Demo" by name, with what they mean.
func demoEvents() map[string]string {
	return map[string]string{
		"$pageview": "A page was opened", "$pageleave": "A page was left", "$autocapture": "Something was clicked", "$identify": "A visitor got a name",
		"$rageclick": "Something was clicked again and again", "$exception": "An error reached the user", "$feature_flag_called": "A feature flag was read",
		"$web_vitals": "How fast a page was", "$ai_generation": "The assistant asked a language model",
		"user_signed_up": "An account was made", "onboarding_completed": "The first steps were done", "user_logged_in": "A user logged in",
		"search_performed": "The catalogue was searched", "movie_viewed": "A movie was watched", "trailer_played": "A trailer was watched",
		"movie_rent_complete": "A movie was rented", "movie_buy_complete": "A movie was bought", "subscription_purchased": "A subscription began",
		"subscription_cancelled": "A subscription was ended by the customer", "upgrade_completed": "A higher plan was taken",
		"review_submitted": "A movie was rated", "watchlist_added": "A movie was put on the watchlist", "feature_used": "A feature of the player was used",
		"invite_sent": "A friend was invited",
	}
}

// demoProperties are the properties of "Demo". A line holds the kind, PostHog's type ("-" where it
// knows none) and the names.
func demoProperties() []PropertyDefinition {
	return declare(`
event String $browser $os $device_type $current_url $host $pathname $referring_domain utm_source utm_medium utm_campaign gclid
event String $geoip_country_code $geoip_country_name $lib $lib_version app_version $session_id $window_id $feature/pricing-v2 title
event Boolean $feature/new-player
event - $groups
event Numeric $prev_pageview_duration $prev_pageview_max_scroll_percentage
event String $event_type $el_text $anon_distinct_id
event Numeric $web_vitals_LCP_value $web_vitals_FCP_value $web_vitals_INP_value $web_vitals_CLS_value
event String $feature_flag $feature_flag_response
event String $exception_fingerprint $exception_issue_id $exception_level
event Boolean $exception_handled
event - $exception_list $exception_types $exception_values $exception_functions $exception_sources
event String $ai_trace_id $ai_span_id $ai_provider $ai_model
event Numeric $ai_input_tokens $ai_output_tokens $ai_total_cost_usd $ai_latency $ai_http_status
event Boolean $ai_is_error
event - $ai_input $ai_output_choices
event String method query movie_title genre quality currency plan from_plan reason feature_name channel
event Numeric steps duration_seconds results_count watched_seconds rating amount
event Boolean completed is_trial
event DateTime promo_ends_at
person String email name plan country company $initial_referring_domain $initial_browser $initial_device_type
person DateTime signup_date
group String name industry
group Numeric employees
group Boolean is_customer
group DateTime contract_ends_at
session String $channel_type $entry_current_url $entry_pathname $entry_hostname $end_current_url $end_pathname $end_hostname
session String $entry_referring_domain $entry_utm_source $entry_utm_campaign $entry_utm_medium $entry_gclid
session Numeric $pageview_count $autocapture_count $screen_count $num_uniq_urls
session Duration $session_duration
session DateTime $start_timestamp $end_timestamp
session Boolean $is_bounce`)
}

func declare(text string) []PropertyDefinition {
	var out []PropertyDefinition
	for line := range strings.Lines(strings.TrimSpace(text)) {
		words := strings.Fields(line)
		kind, is := words[0], words[1]
		if is == "-" {
			is = ""
		}
		for _, name := range words[2:] {
			out = append(out, PropertyDefinition{Name: name, Type: kind, PropertyType: is})
		}
	}
	return out
}

func demoCohorts() []Cohort {
	return []Cohort{
		{ID: powerUsersID, Name: "Power users", Description: "Watched 8 movies or more in the last 30 days"},
		{ID: churnedID, Name: "Churned", Description: "Cancelled a subscription"},
	}
}

func demoActions() []Action {
	return []Action{
		{ID: 1, Name: "Paid", Description: "Money came in: a rental, a purchase or a subscription", Steps: []ActionStep{
			{Event: "movie_rent_complete"}, {Event: "movie_buy_complete"}, {Event: "subscription_purchased"}}},
		{ID: 2, Name: "Looked at prices", Description: "Opened the page with the prices", Steps: []ActionStep{
			{Event: "$pageview", URL: "/pricing", URLMatching: "contains"}}},
		{ID: 3, Name: "Used watch party", Description: "Watched together with friends", Steps: []ActionStep{
			{Event: "feature_used", Properties: []PropertyFilter{{Key: "feature_name", Value: []string{"watch_party"}, Operator: "exact", Type: "event"}}}}},
	}
}
