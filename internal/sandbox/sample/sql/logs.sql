-- Lines of the services, the newest first: line i was written in the i-th half minute before now. Three lines
-- belong to a trace. Some errors of the API stand at fixed places, so that each hour has some.
INSERT INTO {{.Database}}.logs (uuid, trace_id, span_id, body, attributes, time_bucket, timestamp, observed_timestamp, severity_text, severity_number,
    level, resource_attributes, resource_fingerprint, instrumentation_scope, event_name, service_name)
WITH
    number % 40 = 7 AS fixed,
    if(fixed OR sample_unit(number, 'service') < {{.APIShare}}, 'api', 'player') AS service,
    subtractMilliseconds({{.Now}}, 1 + toInt64((number + sample_unit(number, 'log at')) * {{.LogSeconds}} * 1000)) AS at,
    multiIf(
        service = 'api', {{.APIErrorShare}},
        toDate(at) = toDate({{.BadDay}}), {{.PlayerErrorShareBadDay}},
        {{.PlayerErrorShare}}) AS errors,
    sample_unit(number, 'severity') AS u,
    multiIf(fixed OR u < errors, 'error', u < errors + 0.1, 'warn', u < 0.8, 'info', 'debug') AS severity,
    sample_any(['/api/movies', '/api/search', '/api/watchlist', '/api/subscriptions', '/api/sessions'], number, 'route') AS route,
    sample_any(['GET', 'GET', 'GET', 'POST'], number, 'method') AS method,
    multiIf(severity = 'error', sample_any(['500', '502', '503'], number, 'status'), severity = 'warn', '429', '200') AS status,
    toString(5 + sample_hash(number, 'took') % if(severity = 'error', 3000, 240)) AS took,
    map('service.name', service, 'service.version', if(at < {{.Release}}, '2.3.1', '2.4.0'), 'deployment.environment', 'production',
        'host.name', concat(service, '-', toString(1 + sample_hash(number, 'host') % 3))) AS resource,
    multiIf(
        service = 'api' AND severity = 'error', concat(sample_any({{.APIErrors}}, number, 'message'), ' on ', route),
        service = 'api' AND severity = 'warn', concat('rate limit reached on ', route),
        service = 'api', concat(method, ' ', route, ' ', status, ' in ', took, ' ms'),
        severity = 'error', sample_any({{.PlayerErrors}}, number, 'message'),
        severity = 'warn', 'buffer below 2 seconds',
        sample_any(['playback started', 'quality changed', 'segment loaded'], number, 'message')) AS text
SELECT
    sample_uuid7(at, number, 'log'), concat(sample_hex(intDiv(number, 3), 'trace a'), sample_hex(intDiv(number, 3), 'trace b')), sample_hex(number, 'log span'),
    text,
    if(service = 'api', map('http.route', route, 'http.method', method, 'http.status_code', status), map('player.state', severity)),
    toStartOfDay(at), at, least(addMilliseconds(at, 20 + sample_hash(number, 'seen') % 400), {{.Now}}),
    upper(severity), transform(severity, ['debug', 'info', 'warn', 'error'], [5, 9, 13, 17], 0), severity,
    resource, cityHash64(toString(resource)), concat('hogflix.', service), '', service
FROM numbers({{.LogLines}});
INSERT INTO {{.Database}}.log_attributes (time_bucket, attribute_key, attribute_value, attribute_type, attribute_count, resource_fingerprint, service_name)
SELECT toStartOfHour(timestamp) AS bucket, key, value, 'log', count(), resource_fingerprint, service_name
FROM {{.Database}}.logs
ARRAY JOIN mapKeys(attributes) AS key, mapValues(attributes) AS value
GROUP BY bucket, key, value, resource_fingerprint, service_name;
INSERT INTO {{.Database}}.log_attributes (time_bucket, attribute_key, attribute_value, attribute_type, attribute_count, resource_fingerprint, service_name)
SELECT toStartOfHour(timestamp) AS bucket, key, value, 'resource', count(), resource_fingerprint, service_name
FROM {{.Database}}.logs
ARRAY JOIN mapKeys(resource_attributes) AS key, mapValues(resource_attributes) AS value
GROUP BY bucket, key, value, resource_fingerprint, service_name;
