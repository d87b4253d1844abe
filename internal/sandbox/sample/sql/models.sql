-- The calls of language models with columns of their own, as PostHog derives them from events.
INSERT INTO {{.Database}}.posthog_ai_events (uuid, event, timestamp, distinct_id, person_id, properties, retention_days, trace_id, session_id, span_id,
    span_type, generation_id, model, provider, total_tokens, input_tokens, output_tokens, total_cost_usd, latency, is_error, input, output_choices)
SELECT toString(uuid), event, timestamp, events.distinct_id, toString(if(notEmpty(override.distinct_id), override.person_id, events.person_id)), properties, 30,
    JSONExtractString(properties, '$ai_trace_id'), `$session_id`, JSONExtractString(properties, '$ai_span_id'), 'generation', JSONExtractString(properties, '$ai_span_id'),
    JSONExtractString(properties, '$ai_model'), JSONExtractString(properties, '$ai_provider'),
    JSONExtractInt(properties, '$ai_input_tokens') + JSONExtractInt(properties, '$ai_output_tokens'), JSONExtractInt(properties, '$ai_input_tokens'),
    JSONExtractInt(properties, '$ai_output_tokens'), JSONExtractFloat(properties, '$ai_total_cost_usd'), JSONExtractFloat(properties, '$ai_latency'),
    JSONExtractBool(properties, '$ai_is_error'), JSONExtractRaw(properties, '$ai_input'), JSONExtractRaw(properties, '$ai_output_choices')
FROM {{.Database}}.events AS events
LEFT JOIN {{.Database}}.person_distinct_id_overrides AS override ON events.distinct_id = override.distinct_id
WHERE event = '$ai_generation';
