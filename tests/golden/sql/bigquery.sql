-- Quarterly score -- Città d'arte: scores of the open leads, in the SQL of BigQuery
--
-- The card was made from leads of 2024-01-01 to 2025-01-01, fitted with what was known on 2025-04-01.
-- as_of: the moment it is run; what a lead did counts from 90 days before its creation on.
-- Times without a zone are taken to be in UTC; run it in a session of that zone.
-- Columns were not looked at: crm.Deals, crm.calls could not be opened. Assumed: columns that no
-- setting names have no meaning (no contact, no closing); times are times, and a
-- closing at midnight is a day without a time; ids are spelled alike in all tables;
-- activities name the contact where [leads] contact is set.
-- These columns must hold numbers: seats "now".
-- Use: run it, or put CREATE VIEW lead_scores AS (or CREATE TABLE ... AS) in front.
-- Each lead has one row: lead_id, score (0 to 100), expected_rate (share of leads with this
-- score that convert), tier, fit and engagement (points of either group), cutoff.
-- Generated, not executed: calibrate is not tested on BigQuery; look at some leads first.
WITH crm_blanks AS (
  SELECT
    ' ' || CHR(9) || CHR(13) || CHR(10) || CHR(160) || CHR(65279) AS letters
), crm_lead_cells AS (
  SELECT
    t.`Deal ID` AS c0,
    NULLIF(
      NULLIF(NULLIF(NULLIF(TRIM(CAST(t.`Deal ID` AS STRING), b.letters), ''), 'Select'), '-1'),
      '-1.0'
    ) AS c1,
    NULLIF(
      NULLIF(NULLIF(NULLIF(TRIM(CAST(t.`contact` AS STRING), b.letters), ''), 'Select'), '-1'),
      '-1.0'
    ) AS c2,
    t.`Created Time` AS c3,
    NULLIF(
      NULLIF(NULLIF(NULLIF(TRIM(CAST(t.`order` AS STRING), b.letters), ''), 'Select'), '-1'),
      '-1.0'
    ) AS c4,
    t.`Closing Date` AS c5,
    NULLIF(
      NULLIF(NULLIF(NULLIF(TRIM(CAST(t.`select` AS STRING), b.letters), ''), 'Select'), '-1'),
      '-1.0'
    ) AS c6,
    NULLIF(
      NULLIF(NULLIF(NULLIF(TRIM(CAST(t.`Città` AS STRING), b.letters), ''), 'Select'), '-1'),
      '-1.0'
    ) AS c7,
    NULLIF(
      NULLIF(
        NULLIF(NULLIF(TRIM(CAST(t.`seats "now"` AS STRING), b.letters), ''), 'Select'),
        '-1'
      ),
      '-1.0'
    ) AS c8,
    NULLIF(
      NULLIF(NULLIF(NULLIF(TRIM(CAST(t.`size` AS STRING), b.letters), ''), 'Select'), '-1'),
      '-1.0'
    ) AS c9,
    NULLIF(
      NULLIF(NULLIF(NULLIF(TRIM(CAST(t.`trial` AS STRING), b.letters), ''), 'Select'), '-1'),
      '-1.0'
    ) AS c10,
    NULLIF(
      NULLIF(NULLIF(NULLIF(TRIM(CAST(t.`score` AS STRING), b.letters), ''), 'Select'), '-1'),
      '-1.0'
    ) AS c11,
    NULLIF(
      NULLIF(NULLIF(NULLIF(TRIM(CAST(t.`Source` AS STRING), b.letters), ''), 'Select'), '-1'),
      '-1.0'
    ) AS c12
  FROM `crm`.`Deals` AS t
  CROSS JOIN crm_blanks AS b
), crm_leads AS (
  SELECT DISTINCT
    c0 AS lead_row,
    c0 AS lead_id,
    c2 AS lead_key,
    CAST(c3 AS DATETIME) AS created_at,
    CASE
      WHEN LOWER(c4) IN ('payment done')
      THEN 'converted'
      WHEN LOWER(c4) IN ('lost', 'won\'t buy')
      THEN 'lost'
      ELSE 'open'
    END AS outcome,
    CASE
      WHEN CAST(c5 AS DATETIME) = CAST(CAST(CAST(c5 AS DATETIME) AS DATE) AS DATETIME)
      THEN CAST(c5 AS DATETIME) + INTERVAL 1 DAY - INTERVAL 1 MICROSECOND
      ELSE CAST(c5 AS DATETIME)
    END AS closed_at,
    c6 AS x0,
    c7 AS x1,
    CAST(CASE WHEN LOWER(c8) <> 'nan' THEN c8 END AS FLOAT64) AS x2,
    c9 AS x3,
    c10 AS x4,
    c11 AS x5
  FROM crm_lead_cells AS t
  WHERE
    NOT c1 IS NULL AND NOT COALESCE(c12 IN ('Test'), FALSE)
), crm_activity_cells AS (
  SELECT
    NULLIF(TRIM(CAST(t.`contact` AS STRING), b.letters), '') AS c0,
    NULLIF(TRIM(CAST(t.`Call Status` AS STRING), b.letters), '') AS c1,
    t.`when` AS c2,
    NULLIF(TRIM(CAST(t.`Page URL` AS STRING), b.letters), '') AS c3,
    NULLIF(TRIM(CAST(t.`value` AS STRING), b.letters), '') AS c4
  FROM `crm`.`calls` AS t
  CROSS JOIN crm_blanks AS b
), crm_activities AS (
  SELECT
    c0 AS lead_key,
    CASE c1 WHEN 'select' THEN 'activity:select' ELSE c1 END AS activity,
    CAST(c2 AS DATETIME) AS occurred_at,
    c3 AS detail,
    CAST(CASE WHEN LOWER(c4) <> 'nan' THEN c4 END AS FLOAT64) AS value
  FROM crm_activity_cells AS t
  WHERE
    NOT c0 IS NULL AND NOT c1 IS NULL
), seen AS (
  SELECT
    l.lead_row,
    l.lead_id,
    CAST(CURRENT_TIMESTAMP() AS DATETIME) AS cutoff,
    CAST(CURRENT_TIMESTAMP() AS DATETIME) + INTERVAL 1 MICROSECOND AS until,
    l.lead_key,
    l.created_at,
    l.x0,
    l.x1,
    l.x2,
    l.x3,
    l.x4,
    l.x5
  FROM crm_leads AS l
  WHERE
    l.created_at <= CAST(CURRENT_TIMESTAMP() AS DATETIME)
    AND (
      l.outcome = 'open' OR l.closed_at > CAST(CURRENT_TIMESTAMP() AS DATETIME)
    )
), events AS (
  SELECT
    u.lead_row,
    COUNTIF(a.activity = 'email_click' AND a.occurred_at >= u.cutoff - INTERVAL 30 DAY) AS f0,
    SUM(IF(a.activity = 'visite d\'été', SAFE_CAST(a.value AS NUMERIC(24, 6)), NULL)) AS f1,
    COUNTIF(a.activity = 'page_view' AND LOWER(a.detail) LIKE LOWER('%/Pricing\\_100\\%%')) AS f2,
    COUNTIF(a.activity = 'email_click') AS f3,
    COUNTIF(a.activity = 'email_open') AS f4,
    DATETIME_DIFF(MAX(u.cutoff), MAX(IF(a.activity = 'page_view', a.occurred_at, NULL)), MICROSECOND) / 86400000000.0 AS f5,
    COUNTIF(a.activity = 'page_view') AS f6,
    COUNT(*) AS f7,
    COUNTIF(a.activity = 'activity:select') AS f8
  FROM seen AS u
  JOIN crm_activities AS a
    ON a.lead_key = u.lead_key
  WHERE
    a.occurred_at >= u.created_at - INTERVAL 90 DAY
    AND a.occurred_at < u.until
    AND a.occurred_at <= CAST(CURRENT_TIMESTAMP() AS DATETIME)
  GROUP BY
    u.lead_row
), days AS (
  SELECT
    d.lead_row,
    COUNTIF(d.d0 > 0) AS f0
  FROM (
    SELECT
      u.lead_row,
      CAST(a.occurred_at AS DATE) AS day,
      COUNTIF(a.activity = 'visite d\'été') AS d0
    FROM seen AS u
    JOIN crm_activities AS a
      ON a.lead_key = u.lead_key
    WHERE
      a.occurred_at >= u.created_at - INTERVAL 90 DAY
      AND a.occurred_at < u.until
      AND a.occurred_at <= CAST(CURRENT_TIMESTAMP() AS DATETIME)
      AND a.activity IN ('visite d\'été')
    GROUP BY
      u.lead_row,
      CAST(a.occurred_at AS DATE)
  ) AS d
  GROUP BY
    d.lead_row
), points AS (
  SELECT
    s.lead_row,
    s.lead_id,
    s.cutoff,
    CASE
      WHEN COALESCE(s.x0 IN ('Milano', 'd\'Adda', '5', '5.0', 'back\\slash'), FALSE)
      THEN 11
      ELSE 0
    END + CASE
      WHEN (
        COALESCE(s.x1 IN ('a "b"', 'Zürich', 'yes', '1', '1.0'), FALSE)
        OR COALESCE(LOWER(s.x1) IN ('true'), FALSE)
      )
      THEN -7
      ELSE 0
    END + CASE
      WHEN COALESCE(s.x2 >= CAST('4.5' AS FLOAT64) AND s.x2 < 100, FALSE)
      THEN 13
      ELSE 0
    END + CASE WHEN COALESCE(s.x2 IN (1, CAST('2.5' AS FLOAT64)), FALSE) THEN 3 ELSE 0 END + CASE WHEN COALESCE(s.x3 IN ('11-50'), FALSE) THEN 2 ELSE 0 END + CASE
      WHEN COALESCE(
        CASE
          WHEN REGEXP_CONTAINS(s.x3, CONCAT('^(?:', '[-+]?([0-9]{1,200}[.]?[0-9]{0,200}|[.][0-9]{1,200})([eE][-+]?[0-9]{1,2})?', ')$'))
          THEN CAST(s.x3 AS FLOAT64)
        END >= 50,
        FALSE
      )
      THEN 4
      ELSE 0
    END + CASE
      WHEN (
        NOT (
          COALESCE(s.x4 IN ('yes'), FALSE) OR COALESCE(LOWER(s.x4) IN ('true'), FALSE)
        )
      )
      THEN 9
      ELSE 0
    END + CASE WHEN (
      s.x0 IS NULL
    ) THEN 5 ELSE 0 END AS fit,
    LEAST(
      CASE WHEN COALESCE(events.f0, 0) >= 3 THEN 14 ELSE 0 END + CASE WHEN COALESCE(CAST(events.f1 AS FLOAT64), 0) >= 600 THEN 8 ELSE 0 END + CASE WHEN COALESCE(days.f0, 0) >= 3 THEN 6 ELSE 0 END + CASE WHEN COALESCE(events.f2, 0) >= 1 THEN 21 ELSE 0 END + CASE
        WHEN (
          COALESCE(events.f4, 0) >= 5
          AND COALESCE(events.f3, 0) >= CAST('0.2' AS FLOAT64) * COALESCE(events.f4, 0)
        )
        THEN 4
        ELSE 0
      END + CASE WHEN COALESCE(events.f5 <= CAST('0.5' AS FLOAT64), FALSE) THEN 12 ELSE 0 END + CASE
        WHEN (
          (
            COALESCE(events.f6, 0) >= 1 AND COALESCE(events.f6, 0) = COALESCE(events.f7, 0)
          )
          AND (
            NOT COALESCE(events.f8, 0) >= 1
          )
        )
        THEN 17
        ELSE 0
      END,
      40
    ) AS engagement,
    LEAST(
      CASE
        WHEN COALESCE(s.x5 IN ('a'), FALSE) AND NOT COALESCE(events.f6, 0) >= 5
        THEN 35
        ELSE 100
      END,
      100
    ) AS ceiling,
    COALESCE(s.x1 IN ('test%'), FALSE) AS is_out
  FROM seen AS s
  LEFT JOIN events
    ON events.lead_row = s.lead_row
  LEFT JOIN days
    ON days.lead_row = s.lead_row
), scored AS (
  SELECT
    p.lead_row,
    p.lead_id,
    p.cutoff,
    p.fit,
    p.engagement,
    p.is_out,
    CASE
      WHEN p.is_out
      THEN 0
      ELSE LEAST(GREATEST(10 + p.fit + p.engagement, 0), p.ceiling)
    END AS score
  FROM points AS p
), rates AS (
  SELECT
    v.score,
    v.rate
  FROM UNNEST([
    STRUCT(0 AS score, CAST('0.0078125' AS FLOAT64) AS rate),
    STRUCT(1 AS score, CAST('0.015625' AS FLOAT64) AS rate),
    STRUCT(2 AS score, CAST('0.0234375' AS FLOAT64) AS rate),
    STRUCT(3 AS score, CAST('0.03125' AS FLOAT64) AS rate),
    STRUCT(4 AS score, CAST('0.0390625' AS FLOAT64) AS rate),
    STRUCT(5 AS score, CAST('0.046875' AS FLOAT64) AS rate),
    STRUCT(6 AS score, CAST('0.0546875' AS FLOAT64) AS rate),
    STRUCT(7 AS score, CAST('0.0625' AS FLOAT64) AS rate),
    STRUCT(8 AS score, CAST('0.0703125' AS FLOAT64) AS rate),
    STRUCT(9 AS score, CAST('0.078125' AS FLOAT64) AS rate),
    STRUCT(10 AS score, CAST('0.0859375' AS FLOAT64) AS rate),
    STRUCT(11 AS score, CAST('0.09375' AS FLOAT64) AS rate),
    STRUCT(12 AS score, CAST('0.1015625' AS FLOAT64) AS rate),
    STRUCT(13 AS score, CAST('0.109375' AS FLOAT64) AS rate),
    STRUCT(14 AS score, CAST('0.1171875' AS FLOAT64) AS rate),
    STRUCT(15 AS score, CAST('0.125' AS FLOAT64) AS rate),
    STRUCT(16 AS score, CAST('0.1328125' AS FLOAT64) AS rate),
    STRUCT(17 AS score, CAST('0.140625' AS FLOAT64) AS rate),
    STRUCT(18 AS score, CAST('0.1484375' AS FLOAT64) AS rate),
    STRUCT(19 AS score, CAST('0.15625' AS FLOAT64) AS rate),
    STRUCT(20 AS score, CAST('0.1640625' AS FLOAT64) AS rate),
    STRUCT(21 AS score, CAST('0.171875' AS FLOAT64) AS rate),
    STRUCT(22 AS score, CAST('0.1796875' AS FLOAT64) AS rate),
    STRUCT(23 AS score, CAST('0.1875' AS FLOAT64) AS rate),
    STRUCT(24 AS score, CAST('0.1953125' AS FLOAT64) AS rate),
    STRUCT(25 AS score, CAST('0.203125' AS FLOAT64) AS rate),
    STRUCT(26 AS score, CAST('0.2109375' AS FLOAT64) AS rate),
    STRUCT(27 AS score, CAST('0.21875' AS FLOAT64) AS rate),
    STRUCT(28 AS score, CAST('0.2265625' AS FLOAT64) AS rate),
    STRUCT(29 AS score, CAST('0.234375' AS FLOAT64) AS rate),
    STRUCT(30 AS score, CAST('0.2421875' AS FLOAT64) AS rate),
    STRUCT(31 AS score, CAST('0.25' AS FLOAT64) AS rate),
    STRUCT(32 AS score, CAST('0.2578125' AS FLOAT64) AS rate),
    STRUCT(33 AS score, CAST('0.265625' AS FLOAT64) AS rate),
    STRUCT(34 AS score, CAST('0.2734375' AS FLOAT64) AS rate),
    STRUCT(35 AS score, CAST('0.28125' AS FLOAT64) AS rate),
    STRUCT(36 AS score, CAST('0.2890625' AS FLOAT64) AS rate),
    STRUCT(37 AS score, CAST('0.296875' AS FLOAT64) AS rate),
    STRUCT(38 AS score, CAST('0.3046875' AS FLOAT64) AS rate),
    STRUCT(39 AS score, CAST('0.3125' AS FLOAT64) AS rate),
    STRUCT(40 AS score, CAST('0.3203125' AS FLOAT64) AS rate),
    STRUCT(41 AS score, CAST('0.328125' AS FLOAT64) AS rate),
    STRUCT(42 AS score, CAST('0.3359375' AS FLOAT64) AS rate),
    STRUCT(43 AS score, CAST('0.34375' AS FLOAT64) AS rate),
    STRUCT(44 AS score, CAST('0.3515625' AS FLOAT64) AS rate),
    STRUCT(45 AS score, CAST('0.359375' AS FLOAT64) AS rate),
    STRUCT(46 AS score, CAST('0.3671875' AS FLOAT64) AS rate),
    STRUCT(47 AS score, CAST('0.375' AS FLOAT64) AS rate),
    STRUCT(48 AS score, CAST('0.3828125' AS FLOAT64) AS rate),
    STRUCT(49 AS score, CAST('0.390625' AS FLOAT64) AS rate),
    STRUCT(50 AS score, CAST('0.3984375' AS FLOAT64) AS rate),
    STRUCT(51 AS score, CAST('0.40625' AS FLOAT64) AS rate),
    STRUCT(52 AS score, CAST('0.4140625' AS FLOAT64) AS rate),
    STRUCT(53 AS score, CAST('0.421875' AS FLOAT64) AS rate),
    STRUCT(54 AS score, CAST('0.4296875' AS FLOAT64) AS rate),
    STRUCT(55 AS score, CAST('0.4375' AS FLOAT64) AS rate),
    STRUCT(56 AS score, CAST('0.4453125' AS FLOAT64) AS rate),
    STRUCT(57 AS score, CAST('0.453125' AS FLOAT64) AS rate),
    STRUCT(58 AS score, CAST('0.4609375' AS FLOAT64) AS rate),
    STRUCT(59 AS score, CAST('0.46875' AS FLOAT64) AS rate),
    STRUCT(60 AS score, CAST('0.4765625' AS FLOAT64) AS rate),
    STRUCT(61 AS score, CAST('0.484375' AS FLOAT64) AS rate),
    STRUCT(62 AS score, CAST('0.4921875' AS FLOAT64) AS rate),
    STRUCT(63 AS score, CAST('0.5' AS FLOAT64) AS rate),
    STRUCT(64 AS score, CAST('0.5078125' AS FLOAT64) AS rate),
    STRUCT(65 AS score, CAST('0.515625' AS FLOAT64) AS rate),
    STRUCT(66 AS score, CAST('0.5234375' AS FLOAT64) AS rate),
    STRUCT(67 AS score, CAST('0.53125' AS FLOAT64) AS rate),
    STRUCT(68 AS score, CAST('0.5390625' AS FLOAT64) AS rate),
    STRUCT(69 AS score, CAST('0.546875' AS FLOAT64) AS rate),
    STRUCT(70 AS score, CAST('0.5546875' AS FLOAT64) AS rate),
    STRUCT(71 AS score, CAST('0.5625' AS FLOAT64) AS rate),
    STRUCT(72 AS score, CAST('0.5703125' AS FLOAT64) AS rate),
    STRUCT(73 AS score, CAST('0.578125' AS FLOAT64) AS rate),
    STRUCT(74 AS score, CAST('0.5859375' AS FLOAT64) AS rate),
    STRUCT(75 AS score, CAST('0.59375' AS FLOAT64) AS rate),
    STRUCT(76 AS score, CAST('0.6015625' AS FLOAT64) AS rate),
    STRUCT(77 AS score, CAST('0.609375' AS FLOAT64) AS rate),
    STRUCT(78 AS score, CAST('0.6171875' AS FLOAT64) AS rate),
    STRUCT(79 AS score, CAST('0.625' AS FLOAT64) AS rate),
    STRUCT(80 AS score, CAST('0.6328125' AS FLOAT64) AS rate),
    STRUCT(81 AS score, CAST('0.640625' AS FLOAT64) AS rate),
    STRUCT(82 AS score, CAST('0.6484375' AS FLOAT64) AS rate),
    STRUCT(83 AS score, CAST('0.65625' AS FLOAT64) AS rate),
    STRUCT(84 AS score, CAST('0.6640625' AS FLOAT64) AS rate),
    STRUCT(85 AS score, CAST('0.671875' AS FLOAT64) AS rate),
    STRUCT(86 AS score, CAST('0.6796875' AS FLOAT64) AS rate),
    STRUCT(87 AS score, CAST('0.6875' AS FLOAT64) AS rate),
    STRUCT(88 AS score, CAST('0.6953125' AS FLOAT64) AS rate),
    STRUCT(89 AS score, CAST('0.703125' AS FLOAT64) AS rate),
    STRUCT(90 AS score, CAST('0.7109375' AS FLOAT64) AS rate),
    STRUCT(91 AS score, CAST('0.71875' AS FLOAT64) AS rate),
    STRUCT(92 AS score, CAST('0.7265625' AS FLOAT64) AS rate),
    STRUCT(93 AS score, CAST('0.734375' AS FLOAT64) AS rate),
    STRUCT(94 AS score, CAST('0.7421875' AS FLOAT64) AS rate),
    STRUCT(95 AS score, CAST('0.75' AS FLOAT64) AS rate),
    STRUCT(96 AS score, CAST('0.7578125' AS FLOAT64) AS rate),
    STRUCT(97 AS score, CAST('0.765625' AS FLOAT64) AS rate),
    STRUCT(98 AS score, CAST('0.7734375' AS FLOAT64) AS rate),
    STRUCT(99 AS score, CAST('0.78125' AS FLOAT64) AS rate),
    STRUCT(100 AS score, CAST('0.7890625' AS FLOAT64) AS rate)
  ]) AS v
)
SELECT
  s.lead_id,
  CAST(s.score AS INT64) AS score,
  r.rate AS expected_rate,
  CASE
    WHEN s.is_out
    THEN 'disqualified'
    WHEN s.score >= 62
    THEN 'hot \'n\' new'
    WHEN s.score >= 40
    THEN 'warm'
  END AS tier,
  CAST(s.fit AS INT64) AS fit,
  CAST(s.engagement AS INT64) AS engagement,
  s.cutoff AS cutoff
FROM scored AS s
JOIN rates AS r
  ON r.score = s.score
ORDER BY
  s.score DESC,
  s.lead_row NULLS LAST;
