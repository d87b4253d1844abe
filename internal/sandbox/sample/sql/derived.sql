-- What PostHog derives from events: sessions and the members of cohorts.
INSERT INTO {{.Database}}.sessions (session_id, distinct_id, person_id, `$start_timestamp`, `$end_timestamp`, `$urls`, `$num_uniq_urls`,
    `$entry_current_url`, `$entry_pathname`, `$entry_hostname`, `$end_current_url`, `$end_pathname`, `$end_hostname`,
    `$entry_referring_domain`, `$entry_utm_source`, `$entry_utm_campaign`, `$entry_utm_medium`, `$entry_gclid`,
    `$pageview_count`, `$autocapture_count`, `$screen_count`, `$channel_type`, `$session_duration`, `$is_bounce`)
SELECT
    session_id, last_id, sessions.person, start, end, urls, length(urls),
    nullIf(entry.1, ''), nullIf(entry.2, ''), nullIf(entry.3, ''), nullIf(exit.1, ''), nullIf(exit.2, ''), nullIf(exit.3, ''),
    nullIf(entry.4, ''), nullIf(entry.5, ''), nullIf(entry.6, ''), nullIf(entry.7, ''), nullIf(entry.8, ''),
    pageviews, autocaptures, screens,
    {{.ChannelType}},
    dateDiff('second', start, end),
    if(pageviews + screens = 0, NULL, pageviews + screens = 1 AND autocaptures = 0 AND dateDiff('second', start, end) < {{.BounceSeconds}})
FROM (
    WITH
        -- the pages of a session are those of its page views: two thirds of all events need not be read
        if(event = '$pageview', JSONExtract(properties, 'Tuple(`$current_url` String, `$pathname` String, `$host` String,
            `$referring_domain` String, utm_source String, utm_campaign String, utm_medium String, gclid String)'),
            ('', '', '', '', '', '', '', '')) AS page
    SELECT
        `$session_id` AS session_id,
        argMax(events.distinct_id, (timestamp, uuid)) AS last_id,
        argMax(if(notEmpty(override.distinct_id), override.person_id, events.person_id), (timestamp, uuid)) AS person,
        min(timestamp) AS start, max(timestamp) AS end,
        arraySort(groupUniqArrayIf(page.1, event = '$pageview')) AS urls,
        argMinIf(page, (timestamp, uuid), event = '$pageview') AS entry,
        argMaxIf(page, (timestamp, uuid), event = '$pageview') AS exit,
        countIf(event = '$pageview') AS pageviews, countIf(event = '$autocapture') AS autocaptures, countIf(event = '$screen') AS screens
    FROM {{.Database}}.events AS events
    LEFT JOIN {{.Database}}.person_distinct_id_overrides AS override ON events.distinct_id = override.distinct_id
    WHERE `$session_id` != ''
    GROUP BY session_id
) AS sessions;
INSERT INTO {{.Database}}.cohort_people (person_id, cohort_id)
SELECT person_id, {{.PowerUsers}} FROM {{.Database}}.events
WHERE event = 'movie_viewed' AND timestamp >= subtractDays({{.Now}}, 30)
GROUP BY person_id HAVING count() >= {{.PowerUserViews}};
INSERT INTO {{.Database}}.cohort_people (person_id, cohort_id)
SELECT DISTINCT person_id, {{.Churned}} FROM {{.Database}}.events WHERE event = 'subscription_cancelled';
