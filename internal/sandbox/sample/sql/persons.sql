-- One row per person that could exist: who they are and what they will do.
CREATE TABLE {{.Staging}}.person ENGINE = Memory AS
SELECT
    toUInt32(number) AS n,
    sample_unit(n, 'existing') < {{.ExistingShare}} AS existing,
    -- more people arrive each week: the density grows linearly to 1 + Growth
    if(existing, 0, toInt32(floor({{.Weeks}} *
        (sqrt(1 + 2 * {{.Growth}} * (1 + {{.Growth}} / 2) * sample_unit(n, 'arrival')) - 1) / {{.Growth}}))) AS first_week,
    if(existing, addMicroseconds({{.Start}}, -toInt64(sample_unit(n, 'age') * {{.OldestDays}} * 86400000000) - 1),
        sample_moment(first_week, n)) AS first_seen,

    -- where and with what
    sample_pick({{.Countries}}, {{.CountryShares}}, sample_unit(n, 'country')) AS country,
    sample_pick(['Desktop', 'Mobile', 'Tablet'], [0.55, 0.90, 1.0], sample_unit(n, 'device')) AS device,
    multiIf(
        device = 'Desktop', sample_pick(['Chrome', 'Safari', 'Edge', 'Firefox'], [0.58, 0.74, 0.88, 1.0], sample_unit(n, 'browser')),
        sample_pick(['Chrome', 'Safari', 'Firefox'], [0.48, 0.94, 1.0], sample_unit(n, 'browser'))) AS browser,
    multiIf(
        browser = 'Safari', if(device = 'Desktop', 'Mac OS X', 'iOS'),
        device != 'Desktop', 'Android',
        browser = 'Edge', 'Windows',
        sample_pick(['Windows', 'Mac OS X', 'Linux'], [0.62, 0.86, 1.0], sample_unit(n, 'os'))) AS os,
    sample_pick(['direct', 'search', 'newsletter', 'ads', 'social', 'referral'], [0.34, 0.62, 0.74, 0.86, 0.94, 1.0],
        sample_unit(n, 'source')) AS source,
    sample_pick(['control', 'test'], [0.5, 1.0], sample_unit(n, 'variant')) AS variant,

    -- the journey
    existing OR sample_unit(n, 'signup')
        < if(first_seen >= {{.Release}}, {{.SignupAfterRelease}}, {{.SignupBeforeRelease}}) AS member,
    member AND (existing OR sample_unit(n, 'onboarded') < {{.OnboardedShare}}) AS onboarded,
    onboarded AND (existing OR sample_unit(n, 'viewer') < {{.ViewerShare}}) AS viewer,
    member AND sample_unit(n, 'trailer') < {{.TrailerShare}} AS trailer,
    arrayFilter((name, share) -> member AND sample_unit(n, name) < share, {{.Features}}, {{.FeatureShares}}) AS features,
    viewer AND sample_unit(n, 'renter') < {{.RenterShare}} AS renter,
    viewer AND sample_unit(n, 'buyer') < {{.BuyerShare}} AS buyer,
    viewer AND sample_unit(n, 'power') < {{.PowerShare}} AS power,
    -- the true drivers: a trailer and a watch party raise the chance, nothing else does
    existing AND sample_unit(n, 'subscriber before') < {{.ExistingSubscriberShare}} AS subscribed_before,
    viewer AND NOT existing AND sample_unit(n, 'subscribe')
        < {{.SubscribeChance}} + trailer * {{.TrailerLift}} + has(features, 'watch_party') * {{.WatchPartyLift}} AS subscribes,
    if(subscribes, addMicroseconds(first_seen, toInt64((2 + 10 * sample_unit(n, 'subscribe at')) * 86400000000)),
        {{.Start}}) AS subscribe_at,
    subscribed_before OR subscribes AS subscriber,
    sample_pick(['basic', 'pro', 'family'], {{.PlanShares}}, sample_unit(n, 'plan')) AS first_plan,
    if(first_plan = 'basic', 'pro', 'family') AS next_plan,
    subscriber AND first_plan != 'family' AND sample_unit(n, 'upgrade') < {{.UpgradeShare}} AS upgrades,
    subscriber AND NOT upgrades AND sample_unit(n, 'cancel') < {{.CancelShare}} AS cancels,
    addMicroseconds(subscribe_at, toInt64((10 + 35 * sample_unit(n, 'change at')) * 86400000000)) AS change_at,
    multiIf(
        NOT subscriber OR (subscribes AND subscribe_at > {{.Now}}), 'free',
        cancels AND change_at <= {{.Now}}, 'free',
        upgrades AND change_at <= {{.Now}}, next_plan,
        first_plan) AS plan,

    -- identity
    NOT existing AND member AND sample_unit(n, 'merged') < {{.MergedShare}} AS merged,
    sample_unit(n, 'internal') < {{.InternalShare}} AS internal,
    if(member AND sample_unit(n, 'in company') < {{.CompanyShare}},
        concat('company-', leftPad(toString(1 + toUInt8(floor({{.CompanyCount}} * pow(sample_unit(n, 'company'), 1.5)))), 2, '0')),
        '') AS company,
    sample_uuid(n, 'person') AS person_id,
    sample_uuid(n, 'merged person') AS merged_id,
    concat('anon-', sample_hex(n, 'anonymous')) AS anonymous_id,
    concat('anon-', sample_hex(n, 'second device')) AS second_id,
    concat('user-', toString(n)) AS user_id,
    sample_any({{.FirstNames}}, n, 'first name') AS first_name,
    sample_any({{.LastNames}}, n, 'last name') AS last_name,
    concat(lower(first_name), '.', lower(last_name), '.', toString(n), '@',
        if(internal, '{{.InternalDomain}}', sample_any(['mail.example', 'example.com', 'example.net'], n, 'domain'))) AS email
FROM numbers({{.Candidates}})
WHERE first_seen <= {{.Now}} AND (existing OR first_seen >= {{.Start}});
