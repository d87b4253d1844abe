-- Recordings of the last 30 days: a part of the sessions, more of those with rage clicks, with what their events tell.
INSERT INTO {{.Database}}.session_replay_events (session_id, distinct_id, start_time, end_time, first_url, all_urls, click_count, keypress_count,
    mouse_activity_count, active_milliseconds, console_log_count, console_warn_count, console_error_count, size, event_count, message_count,
    snapshot_source, snapshot_library, retention_period_days, ai_tags_fixed, ai_highlighted, surfacing_score)
SELECT
    id, session.distinct_id, session.`$start_timestamp`, least(addMilliseconds(session.`$end_timestamp`, sample_hash(id, 'rest') % 4000), {{.Now}}) AS end,
    session.`$entry_current_url`, session.`$urls`,
    session.`$autocapture_count` + 3 * did.rages + sample_hash(id, 'clicks') % 4, 9 * did.searches + sample_hash(id, 'keys') % 6,
    12 * did.events + sample_hash(id, 'moves') % 40,
    500 + toInt64(dateDiff('millisecond', session.`$start_timestamp`, end) * (0.35 + 0.6 * sample_unit(id, 'active'))),
    sample_hash(id, 'logs') % 4, sample_hash(id, 'warnings') % 2, did.exceptions,
    20000 + 900 * did.events + sample_hash(id, 'size') % 30000, 12 * did.events + 40, 1 + intDiv(did.events, 8),
    'web', 'posthog-js', 30, if(did.rages > 0, ['frustration'], []), did.rages > 0 AND did.exceptions > 0,
    round((did.rages > 0) * 0.4 + least(did.exceptions, 3) * 0.1 + 0.3 * sample_unit(id, 'score'), 3)
FROM (
    SELECT `$session_id` AS id, count() AS events, countIf(event = '$rageclick') AS rages, countIf(event = '$exception') AS exceptions,
        countIf(event = 'search_performed') AS searches
    FROM {{.Database}}.events
    WHERE timestamp >= subtractDays({{.Now}}, 31) AND `$session_id` != '' AND sample_unit(`$session_id`, 'recorded') < {{.RecordedRageShare}}
    GROUP BY id
    HAVING sample_unit(id, 'recorded') < if(rages > 0, {{.RecordedRageShare}}, {{.RecordedShare}})
) AS did
INNER JOIN {{.Database}}.sessions AS session ON session.session_id = did.id
WHERE session.`$start_timestamp` >= subtractDays({{.Now}}, {{.RecordingDays}});
-- Their console: an error for each exception, and as many other lines as the recording says.
INSERT INTO {{.Database}}.log_entries (log_source, log_source_id, instance_id, timestamp, message, level)
SELECT 'session_replay', `$session_id`, `$window_id`, timestamp,
    concat('Uncaught ', JSONExtractString(properties, '$exception_types', 1), ': ', JSONExtractString(properties, '$exception_values', 1)), 'error'
FROM {{.Database}}.events
WHERE event = '$exception' AND `$session_id` IN (SELECT session_id FROM {{.Database}}.session_replay_events);
INSERT INTO {{.Database}}.log_entries (log_source, log_source_id, instance_id, timestamp, message, level)
SELECT 'session_replay', session_id, '', addMilliseconds(start_time, 100 * k), line.1, line.2
FROM (
    SELECT session_id, start_time, arrayConcat(
        arrayMap(k -> (sample_any(['player ready', 'buffer filled', 'subtitles loaded', 'quality raised to 1080p'], session_id, concat('line ', toString(k))), 'info'),
            range(toUInt32(console_log_count))),
        arrayMap(k -> ('autoplay was blocked by the browser', 'warn'), range(toUInt32(console_warn_count)))) AS lines
    FROM {{.Database}}.session_replay_events
)
ARRAY JOIN lines AS line, arrayEnumerate(lines) AS k;
-- The few that people looked at or kept.
INSERT INTO {{.Database}}.system_session_recordings (id, session_id, distinct_id, duration, active_seconds, inactive_seconds, start_time, end_time,
    click_count, keypress_count, mouse_activity_count, console_log_count, console_warn_count, console_error_count, start_url, deleted, created_at,
    retention_period_days, storage_version)
SELECT sample_uuid(session_id, 'recording'), session_id, distinct_id, dateDiff('second', start_time, end_time), intDiv(active_milliseconds, 1000),
    greatest(dateDiff('second', start_time, end_time) - intDiv(active_milliseconds, 1000), 0), start_time, end_time, click_count, keypress_count,
    mouse_activity_count, console_log_count, console_warn_count, console_error_count, ifNull(first_url, ''), 0, end_time, 30, '2023-08-01'
FROM {{.Database}}.session_replay_events
WHERE sample_unit(session_id, 'watched') < {{.WatchedShare}};
