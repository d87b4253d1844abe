-- One row per event: what happens in a visit, in order, cut to exactly the number asked for.
-- The second part of a step is its argument: a path, the number of a movie or of an issue, a feature or a flag.
CREATE TABLE {{.Staging}}.step ENGINE = Memory AS
SELECT n, sid, toUInt16(i) AS i, sid * 256 + i AS eid, step.1 AS event, step.2 AS argument, moment, identified
FROM (
    SELECT
        n, sid, start, visit_kind, steps,
        -- from here on the browser sends the user's own id
        multiIf(
            NOT member, 1000,
            visit_kind = 'first', indexOf(arrayMap(s -> s.1, steps), '$identify'),
            second_device, indexOf(arrayMap(s -> s.1, steps), 'user_logged_in'),
            1) AS known_from,
        arrayCumSum(arrayMap(k -> multiIf(
            k = 0, 0.,
            bounce, 0.2 + 2 * sample_unit(sid * 256 + k, 'gap'),
            steps[k].1 = 'movie_viewed', 60 + 1500 * sample_unit(sid * 256 + k, 'gap'),
            least(2 - 35 * log(1 - sample_unit(sid * 256 + k, 'gap')), 900)), range(length(steps)))) AS offsets
    FROM (
        SELECT
            *,
            sid * 64 AS block_key,
            -- on the bad day the player breaks
            if(toDate(start) = toDate({{.BadDay}}), {{.ExceptionChanceBadDay}}, {{.ExceptionChance}}) AS exception_chance,
            NOT member AND visit_kind = 'first' AND sample_unit(sid, 'bounce') < {{.BounceChance}} AS bounce,
            arrayFlatten(arrayMap(j -> arrayConcat(
                multiIf(
                    NOT member, multiIf(
                        sample_unit(block_key + j, 'block') < 0.45, [('$pageview', '/browse'), ('$autocapture', 'Play')],
                        sample_unit(block_key + j, 'block') < 0.80, [('$pageview', concat('/movies/', sample_movie(block_key + j)))],
                        sample_unit(block_key + j, 'block') < 0.93, [('search_performed', '')],
                        [('$pageview', '/pricing')]),
                    sample_unit(block_key + j, 'block') < 0.17, [('$pageview', '/browse'), ('$autocapture', 'Play')],
                    sample_unit(block_key + j, 'block') < 0.31, [('search_performed', ''), ('$pageview', '/browse')],
                    sample_unit(block_key + j, 'block') < 0.60 AND viewer,
                        [('$pageview', concat('/movies/', sample_movie(block_key + j))), ('movie_viewed', sample_movie(block_key + j))],
                    sample_unit(block_key + j, 'block') < 0.66, [('watchlist_added', sample_movie(block_key + j))],
                    sample_unit(block_key + j, 'block') < 0.71 AND viewer, [('review_submitted', sample_movie(block_key + j))],
                    sample_unit(block_key + j, 'block') < 0.79 AND trailer, [('trailer_played', sample_movie(block_key + j))],
                    sample_unit(block_key + j, 'block') < 0.89 AND notEmpty(features),
                        [('feature_used', sample_any(features, block_key + j, 'feature'))],
                    sample_unit(block_key + j, 'block') < 0.905, [('$rageclick', 'Play'), ('$rageclick', 'Play')],
                    sample_unit(block_key + j, 'block') < 0.94, [('$ai_generation', '')],
                    sample_unit(block_key + j, 'block') < 0.955, [('invite_sent', '')],
                    sample_unit(block_key + j, 'block') < 0.985 AND renter, [('movie_rent_complete', sample_movie(block_key + j))],
                    sample_unit(block_key + j, 'block') < 0.99 AND buyer, [('movie_buy_complete', sample_movie(block_key + j))],
                    [('$pageview', '/account')]),
                if(sample_unit(block_key + j, 'exception') < exception_chance,
                    [('$exception', if(toDate(start) = toDate({{.BadDay}}) AND sample_unit(block_key + j, 'issue') < 0.9,
                        if(sample_unit(block_key + j, 'keyframe') < 0.3, '5', '1'),
                        toString(1 + sample_hash(block_key + j, 'issue') % {{len .Issues}})))], [])),
                range(multiIf(bounce, 0, power, 2 + sample_hash(sid, 'blocks') % 4, 1 + sample_hash(sid, 'blocks') % 4)))) AS blocks,
            arrayConcat(
                [('$pageview', multiIf(visit_kind IN ('first', 'device'), '/', member, '/home', '/'))],
                if(sample_unit(sid, 'vitals') < {{.WebVitalsChance}}, [('$web_vitals', '')], []),
                if(visit_kind = 'first' OR sample_unit(sid, 'flag') < 0.25, [('$feature_flag_called', 'new-player')], []),
                if(start >= {{.ExperimentStart}} AND (visit_kind = 'first' OR sample_unit(sid, 'experiment') < 0.5),
                    [('$feature_flag_called', 'pricing-v2')], []),
                if(visit_kind = 'first' AND member, arrayConcat(
                    if(sample_unit(sid, 'saw prices') < 0.4, [('$pageview', '/pricing')], []),
                    [('$pageview', '/signup'), ('$autocapture', 'Sign up'), ('$identify', ''), ('user_signed_up', '')],
                    if(onboarded, [('onboarding_completed', '')], []),
                    if(trailer, [('trailer_played', sample_movie(sid))], []),
                    if(viewer, [('$pageview', concat('/movies/', sample_movie(sid))), ('movie_viewed', sample_movie(sid))], []),
                    arrayMap(f -> ('feature_used', f), features)), []),
                if(second_device OR (member AND visit_kind != 'first' AND sample_unit(sid, 'login') < {{.LoginChance}}),
                    [('user_logged_in', '')], []),
                if(visit_kind = 'second' AND renter, [('movie_rent_complete', sample_movie(sid)), ('movie_viewed', sample_movie(sid))], []),
                if(visit_kind = 'second' AND buyer, [('movie_buy_complete', sample_movie(sid))], []),
                blocks,
                if(visit_kind = 'subscribe', [('$pageview', '/pricing'), ('$autocapture', 'Subscribe'), ('subscription_purchased', '')], []),
                if(visit_kind = 'upgrade', [('$pageview', '/account'), ('upgrade_completed', '')], []),
                if(visit_kind = 'cancel', [('$pageview', '/account'), ('subscription_cancelled', '')], []),
                if(sample_unit(sid, 'leave') < {{.PageleaveChance}}, [('$pageleave', '')], [])) AS steps
        FROM {{.Staging}}.session
    )
)
ARRAY JOIN steps AS step, arrayEnumerate(steps) AS i,
    arrayMap(o -> addMicroseconds(start, toInt64(o * 1000000)), offsets) AS moment,
    arrayMap(k -> k >= known_from, arrayEnumerate(steps)) AS identified
WHERE moment <= {{.Now}}
ORDER BY n, moment, eid
LIMIT {{.Events}};
