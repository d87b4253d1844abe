-- The charges that Stripe would know: what was sold, and each subscription again every 30 days until it ends.
-- A few fail, a few are paid back. Amounts are in cents.
INSERT INTO {{.Database}}.stripe_charge (id, object, amount, amount_captured, amount_refunded, currency, customer, created_at, description, paid, captured,
    refunded, status, failure_code, failure_message, payment_method, receipt_url, metadata)
WITH
    sales AS (
        SELECT toString(uuid) AS key, timestamp AS at, distinct_id, event, JSONExtractFloat(properties, 'amount') AS price, JSONExtractString(properties, 'plan') AS plan,
            JSONExtractString(properties, 'movie_title') AS title
        FROM {{.Database}}.events
        WHERE event IN ('movie_rent_complete', 'movie_buy_complete', 'subscription_purchased', 'upgrade_completed')
    ),
    ends AS (
        SELECT distinct_id, min(timestamp) AS at
        FROM {{.Database}}.events
        WHERE event IN ('upgrade_completed', 'subscription_cancelled')
        GROUP BY distinct_id
    ),
    renewals AS (
        SELECT concat(sales.key, ' ', toString(k)) AS key, addDays(sales.at, 30 * k) AS at, sales.distinct_id AS distinct_id, 'renewal' AS event, price, plan, title
        FROM sales
        LEFT JOIN ends ON ends.distinct_id = sales.distinct_id
        ARRAY JOIN range(1, 4) AS k
        WHERE sales.event IN ('subscription_purchased', 'upgrade_completed') AND addDays(sales.at, 30 * k) < {{.Now}}
            AND (ends.distinct_id = '' OR sales.event = 'upgrade_completed' OR addDays(sales.at, 30 * k) < ends.at)
    ),
    sample_unit(key, 'charge') >= {{.FailedShare}} AS good,
    good AND sample_unit(key, 'refund') < {{.RefundedShare}} AS back,
    toInt64(round(price * 100)) AS cents,
    if(good, '', sample_any(['card_declined', 'expired_card', 'insufficient_funds'], key, 'failure')) AS failure
SELECT concat('ch_', sample_hex(key, 'charge id')), 'charge', cents, if(good, cents, 0), if(back, cents, 0), 'usd', concat('cus_', sample_hex(distinct_id, 'customer')),
    least(addSeconds(at, 2), {{.Now}}),
    multiIf(event = 'movie_rent_complete', concat('Rental: ', title), event = 'movie_buy_complete', concat('Purchase: ', title),
        event = 'renewal', concat('Renewal: ', plan), concat('Subscription: ', plan)),
    good, good, back, if(good, 'succeeded', 'failed'), nullIf(failure, ''), nullIf(replaceAll(failure, '_', ' '), ''),
    concat('pm_', sample_hex(distinct_id, 'card')), if(good, concat('https://stripe.example/receipts/', sample_hex(key, 'receipt')), NULL),
    concat('{"distinct_id":"', distinct_id, '","plan":"', plan, '"}')
FROM (SELECT * FROM sales UNION ALL SELECT * FROM renewals);
-- Invented rates, the same each day.
INSERT INTO {{.Database}}.exchange_rate (currency, date, rate)
SELECT rate.1, toDate(subtractDays({{.Now}}, number)), rate.2
FROM numbers({{.Days}} + 1)
ARRAY JOIN {{.Rates}} AS rate;
