-- Quarterly score -- Città d'arte: scores of the open leads, in the SQL of PostgreSQL
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
WITH crm_blanks AS (
  SELECT
    ' ' || CHR(9) || CHR(13) || CHR(10) || CHR(160) || CHR(65279) AS letters
), crm_lead_cells AS (
  SELECT
    t."Deal ID" AS c0,
    NULLIF(
      NULLIF(NULLIF(NULLIF(TRIM(b.letters FROM CAST(t."Deal ID" AS TEXT)), ''), 'Select'), '-1'),
      '-1.0'
    ) AS c1,
    NULLIF(
      NULLIF(NULLIF(NULLIF(TRIM(b.letters FROM CAST(t."contact" AS TEXT)), ''), 'Select'), '-1'),
      '-1.0'
    ) AS c2,
    t."Created Time" AS c3,
    NULLIF(
      NULLIF(NULLIF(NULLIF(TRIM(b.letters FROM CAST(t."order" AS TEXT)), ''), 'Select'), '-1'),
      '-1.0'
    ) AS c4,
    t."Closing Date" AS c5,
    NULLIF(
      NULLIF(NULLIF(NULLIF(TRIM(b.letters FROM CAST(t."select" AS TEXT)), ''), 'Select'), '-1'),
      '-1.0'
    ) AS c6,
    NULLIF(
      NULLIF(NULLIF(NULLIF(TRIM(b.letters FROM CAST(t."Città" AS TEXT)), ''), 'Select'), '-1'),
      '-1.0'
    ) AS c7,
    NULLIF(
      NULLIF(
        NULLIF(NULLIF(TRIM(b.letters FROM CAST(t."seats ""now""" AS TEXT)), ''), 'Select'),
        '-1'
      ),
      '-1.0'
    ) AS c8,
    NULLIF(
      NULLIF(NULLIF(NULLIF(TRIM(b.letters FROM CAST(t."size" AS TEXT)), ''), 'Select'), '-1'),
      '-1.0'
    ) AS c9,
    NULLIF(
      NULLIF(NULLIF(NULLIF(TRIM(b.letters FROM CAST(t."trial" AS TEXT)), ''), 'Select'), '-1'),
      '-1.0'
    ) AS c10,
    NULLIF(
      NULLIF(NULLIF(NULLIF(TRIM(b.letters FROM CAST(t."score" AS TEXT)), ''), 'Select'), '-1'),
      '-1.0'
    ) AS c11,
    NULLIF(
      NULLIF(NULLIF(NULLIF(TRIM(b.letters FROM CAST(t."Source" AS TEXT)), ''), 'Select'), '-1'),
      '-1.0'
    ) AS c12
  FROM "crm"."Deals" AS t
  CROSS JOIN crm_blanks AS b
), crm_leads AS (
  SELECT DISTINCT
    c0 AS lead_row,
    c0 AS lead_id,
    c2 AS lead_key,
    CAST(c3 AS TIMESTAMP) AS created_at,
    CASE
      WHEN LOWER(c4) IN ('payment done')
      THEN 'converted'
      WHEN LOWER(c4) IN ('lost', 'won''t buy')
      THEN 'lost'
      ELSE 'open'
    END AS outcome,
    CASE
      WHEN CAST(c5 AS TIMESTAMP) = CAST(CAST(CAST(c5 AS TIMESTAMP) AS DATE) AS TIMESTAMP)
      THEN CAST(c5 AS TIMESTAMP) + INTERVAL '1 DAY' - INTERVAL '1 MICROSECOND'
      ELSE CAST(c5 AS TIMESTAMP)
    END AS closed_at,
    c6 AS x0,
    c7 AS x1,
    CAST(CASE WHEN LOWER(c8) <> 'nan' THEN c8 END AS DOUBLE PRECISION) AS x2,
    c9 AS x3,
    c10 AS x4,
    c11 AS x5
  FROM crm_lead_cells AS t
  WHERE
    NOT c1 IS NULL AND NOT COALESCE(c12 IN ('Test'), FALSE)
), crm_activity_cells AS (
  SELECT
    NULLIF(TRIM(b.letters FROM CAST(t."contact" AS TEXT)), '') AS c0,
    NULLIF(TRIM(b.letters FROM CAST(t."Call Status" AS TEXT)), '') AS c1,
    t."when" AS c2,
    NULLIF(TRIM(b.letters FROM CAST(t."Page URL" AS TEXT)), '') AS c3,
    NULLIF(TRIM(b.letters FROM CAST(t."value" AS TEXT)), '') AS c4
  FROM "crm"."calls" AS t
  CROSS JOIN crm_blanks AS b
), crm_activities AS (
  SELECT
    c0 AS lead_key,
    CASE c1 WHEN 'select' THEN 'activity:select' ELSE c1 END AS activity,
    CAST(c2 AS TIMESTAMP) AS occurred_at,
    c3 AS detail,
    CAST(CASE WHEN LOWER(c4) <> 'nan' THEN c4 END AS DOUBLE PRECISION) AS value
  FROM crm_activity_cells AS t
  WHERE
    NOT c0 IS NULL AND NOT c1 IS NULL
), seen AS (
  SELECT
    l.lead_row,
    l.lead_id,
    CAST(CURRENT_TIMESTAMP AS TIMESTAMP) AS cutoff,
    CAST(CURRENT_TIMESTAMP AS TIMESTAMP) + INTERVAL '1 MICROSECOND' AS until,
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
    l.created_at <= CAST(CURRENT_TIMESTAMP AS TIMESTAMP)
    AND (
      l.outcome = 'open' OR l.closed_at > CAST(CURRENT_TIMESTAMP AS TIMESTAMP)
    )
), events AS (
  SELECT
    u.lead_row,
    COUNT(*) FILTER(WHERE
      a.activity = 'email_click' AND a.occurred_at >= u.cutoff - INTERVAL '30 DAY') AS f0,
    SUM(
      CAST(CASE WHEN abs(CAST(a.value AS DOUBLE PRECISION)) >= CAST(1000000000000000000 AS DOUBLE PRECISION) THEN NULL WHEN (abs(CAST(a.value AS DOUBLE PRECISION)) * CAST(1000000 AS DOUBLE PRECISION)) + CAST(0.5 AS DOUBLE PRECISION) >= CAST(1000000000000000000000000 AS DOUBLE PRECISION) THEN NULL WHEN (abs(CAST(a.value AS DOUBLE PRECISION)) * CAST(1000000 AS DOUBLE PRECISION)) < CAST(4503599627370496 AS DOUBLE PRECISION) THEN CAST(CAST(floor((abs(CAST(a.value AS DOUBLE PRECISION)) * CAST(1000000 AS DOUBLE PRECISION))) AS BIGINT) + CASE WHEN (abs(CAST(a.value AS DOUBLE PRECISION)) * CAST(1000000 AS DOUBLE PRECISION)) - floor((abs(CAST(a.value AS DOUBLE PRECISION)) * CAST(1000000 AS DOUBLE PRECISION))) >= CAST(0.5 AS DOUBLE PRECISION) THEN 1 ELSE 0 END AS DECIMAL(19, 0)) * CAST(0.000001 AS DECIMAL(7, 6)) ELSE ((CAST(CAST(floor((abs(CAST(a.value AS DOUBLE PRECISION)) * CAST(1000000 AS DOUBLE PRECISION)) / CAST(1099511627776 AS DOUBLE PRECISION)) AS BIGINT) AS DECIMAL(13, 0)) * CAST(1099511627776 AS DECIMAL(13, 0))) + CAST((abs(CAST(a.value AS DOUBLE PRECISION)) * CAST(1000000 AS DOUBLE PRECISION)) - floor((abs(CAST(a.value AS DOUBLE PRECISION)) * CAST(1000000 AS DOUBLE PRECISION)) / CAST(1099511627776 AS DOUBLE PRECISION)) * CAST(1099511627776 AS DOUBLE PRECISION) AS BIGINT)) * CAST(0.000001 AS DECIMAL(7, 6)) END * CAST(CASE WHEN CAST(a.value AS DOUBLE PRECISION) < 0 THEN -1 ELSE 1 END AS DECIMAL(1, 0)) AS DECIMAL(24, 6))
    ) FILTER(WHERE
      a.activity = 'visite d''été') AS f1,
    COUNT(*) FILTER(WHERE
      a.activity = 'page_view' AND a.detail ILIKE '%/Pricing\_100\%%' ESCAPE '\') AS f2,
    COUNT(*) FILTER(WHERE
      a.activity = 'email_click') AS f3,
    COUNT(*) FILTER(WHERE
      a.activity = 'email_open') AS f4,
    CAST(CAST(EXTRACT(epoch FROM DATE_TRUNC('MICROSECOND', CAST(MAX(u.cutoff) AS TIMESTAMP)) - DATE_TRUNC(
      'MICROSECOND',
      CAST(MAX(a.occurred_at) FILTER(WHERE
        a.activity = 'page_view') AS TIMESTAMP)
    )) * 1000000 AS BIGINT) AS DOUBLE PRECISION) / 86400000000.0 AS f5,
    COUNT(*) FILTER(WHERE
      a.activity = 'page_view') AS f6,
    COUNT(*) AS f7,
    COUNT(*) FILTER(WHERE
      a.activity = 'activity:select') AS f8
  FROM seen AS u
  JOIN crm_activities AS a
    ON a.lead_key = u.lead_key
  WHERE
    a.occurred_at >= u.created_at - INTERVAL '90 DAY'
    AND a.occurred_at < u.until
    AND a.occurred_at <= CAST(CURRENT_TIMESTAMP AS TIMESTAMP)
  GROUP BY
    u.lead_row
), days AS (
  SELECT
    d.lead_row,
    COUNT(*) FILTER(WHERE
      d.d0 > 0) AS f0
  FROM (
    SELECT
      u.lead_row,
      CAST(a.occurred_at AS DATE) AS day,
      COUNT(*) FILTER(WHERE
        a.activity = 'visite d''été') AS d0
    FROM seen AS u
    JOIN crm_activities AS a
      ON a.lead_key = u.lead_key
    WHERE
      a.occurred_at >= u.created_at - INTERVAL '90 DAY'
      AND a.occurred_at < u.until
      AND a.occurred_at <= CAST(CURRENT_TIMESTAMP AS TIMESTAMP)
      AND a.activity IN ('visite d''été')
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
      WHEN COALESCE(s.x0 IN ('Milano', 'd''Adda', '5', '5.0', 'back\slash'), FALSE)
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
      WHEN COALESCE(s.x2 >= CAST('4.5' AS DOUBLE PRECISION) AND s.x2 < 100, FALSE)
      THEN 13
      ELSE 0
    END + CASE
      WHEN COALESCE(s.x2 IN (1, CAST('2.5' AS DOUBLE PRECISION)), FALSE)
      THEN 3
      ELSE 0
    END + CASE WHEN COALESCE(s.x3 IN ('11-50'), FALSE) THEN 2 ELSE 0 END + CASE
      WHEN COALESCE(
        CASE
          WHEN ((s.x3) COLLATE "C" ~ ('(?p)^(?:' || '[-+]?([0-9]{1,200}[.]?[0-9]{0,200}|[.][0-9]{1,200})([eE][-+]?[0-9]{1,2})?' || ')$'))
          THEN CAST(s.x3 AS DOUBLE PRECISION)
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
      CASE WHEN COALESCE(events.f0, 0) >= 3 THEN 14 ELSE 0 END + CASE WHEN COALESCE(CAST(events.f1 AS DOUBLE PRECISION), 0) >= 600 THEN 8 ELSE 0 END + CASE WHEN COALESCE(days.f0, 0) >= 3 THEN 6 ELSE 0 END + CASE WHEN COALESCE(events.f2, 0) >= 1 THEN 21 ELSE 0 END + CASE
        WHEN (
          COALESCE(events.f4, 0) >= 5
          AND COALESCE(events.f3, 0) >= CAST('0.2' AS DOUBLE PRECISION) * COALESCE(events.f4, 0)
        )
        THEN 4
        ELSE 0
      END + CASE
        WHEN COALESCE(events.f5 <= CAST('0.5' AS DOUBLE PRECISION), FALSE)
        THEN 12
        ELSE 0
      END + CASE
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
  FROM (VALUES
    (0, CAST('0.0078125' AS DOUBLE PRECISION)),
    (1, CAST('0.015625' AS DOUBLE PRECISION)),
    (2, CAST('0.0234375' AS DOUBLE PRECISION)),
    (3, CAST('0.03125' AS DOUBLE PRECISION)),
    (4, CAST('0.0390625' AS DOUBLE PRECISION)),
    (5, CAST('0.046875' AS DOUBLE PRECISION)),
    (6, CAST('0.0546875' AS DOUBLE PRECISION)),
    (7, CAST('0.0625' AS DOUBLE PRECISION)),
    (8, CAST('0.0703125' AS DOUBLE PRECISION)),
    (9, CAST('0.078125' AS DOUBLE PRECISION)),
    (10, CAST('0.0859375' AS DOUBLE PRECISION)),
    (11, CAST('0.09375' AS DOUBLE PRECISION)),
    (12, CAST('0.1015625' AS DOUBLE PRECISION)),
    (13, CAST('0.109375' AS DOUBLE PRECISION)),
    (14, CAST('0.1171875' AS DOUBLE PRECISION)),
    (15, CAST('0.125' AS DOUBLE PRECISION)),
    (16, CAST('0.1328125' AS DOUBLE PRECISION)),
    (17, CAST('0.140625' AS DOUBLE PRECISION)),
    (18, CAST('0.1484375' AS DOUBLE PRECISION)),
    (19, CAST('0.15625' AS DOUBLE PRECISION)),
    (20, CAST('0.1640625' AS DOUBLE PRECISION)),
    (21, CAST('0.171875' AS DOUBLE PRECISION)),
    (22, CAST('0.1796875' AS DOUBLE PRECISION)),
    (23, CAST('0.1875' AS DOUBLE PRECISION)),
    (24, CAST('0.1953125' AS DOUBLE PRECISION)),
    (25, CAST('0.203125' AS DOUBLE PRECISION)),
    (26, CAST('0.2109375' AS DOUBLE PRECISION)),
    (27, CAST('0.21875' AS DOUBLE PRECISION)),
    (28, CAST('0.2265625' AS DOUBLE PRECISION)),
    (29, CAST('0.234375' AS DOUBLE PRECISION)),
    (30, CAST('0.2421875' AS DOUBLE PRECISION)),
    (31, CAST('0.25' AS DOUBLE PRECISION)),
    (32, CAST('0.2578125' AS DOUBLE PRECISION)),
    (33, CAST('0.265625' AS DOUBLE PRECISION)),
    (34, CAST('0.2734375' AS DOUBLE PRECISION)),
    (35, CAST('0.28125' AS DOUBLE PRECISION)),
    (36, CAST('0.2890625' AS DOUBLE PRECISION)),
    (37, CAST('0.296875' AS DOUBLE PRECISION)),
    (38, CAST('0.3046875' AS DOUBLE PRECISION)),
    (39, CAST('0.3125' AS DOUBLE PRECISION)),
    (40, CAST('0.3203125' AS DOUBLE PRECISION)),
    (41, CAST('0.328125' AS DOUBLE PRECISION)),
    (42, CAST('0.3359375' AS DOUBLE PRECISION)),
    (43, CAST('0.34375' AS DOUBLE PRECISION)),
    (44, CAST('0.3515625' AS DOUBLE PRECISION)),
    (45, CAST('0.359375' AS DOUBLE PRECISION)),
    (46, CAST('0.3671875' AS DOUBLE PRECISION)),
    (47, CAST('0.375' AS DOUBLE PRECISION)),
    (48, CAST('0.3828125' AS DOUBLE PRECISION)),
    (49, CAST('0.390625' AS DOUBLE PRECISION)),
    (50, CAST('0.3984375' AS DOUBLE PRECISION)),
    (51, CAST('0.40625' AS DOUBLE PRECISION)),
    (52, CAST('0.4140625' AS DOUBLE PRECISION)),
    (53, CAST('0.421875' AS DOUBLE PRECISION)),
    (54, CAST('0.4296875' AS DOUBLE PRECISION)),
    (55, CAST('0.4375' AS DOUBLE PRECISION)),
    (56, CAST('0.4453125' AS DOUBLE PRECISION)),
    (57, CAST('0.453125' AS DOUBLE PRECISION)),
    (58, CAST('0.4609375' AS DOUBLE PRECISION)),
    (59, CAST('0.46875' AS DOUBLE PRECISION)),
    (60, CAST('0.4765625' AS DOUBLE PRECISION)),
    (61, CAST('0.484375' AS DOUBLE PRECISION)),
    (62, CAST('0.4921875' AS DOUBLE PRECISION)),
    (63, CAST('0.5' AS DOUBLE PRECISION)),
    (64, CAST('0.5078125' AS DOUBLE PRECISION)),
    (65, CAST('0.515625' AS DOUBLE PRECISION)),
    (66, CAST('0.5234375' AS DOUBLE PRECISION)),
    (67, CAST('0.53125' AS DOUBLE PRECISION)),
    (68, CAST('0.5390625' AS DOUBLE PRECISION)),
    (69, CAST('0.546875' AS DOUBLE PRECISION)),
    (70, CAST('0.5546875' AS DOUBLE PRECISION)),
    (71, CAST('0.5625' AS DOUBLE PRECISION)),
    (72, CAST('0.5703125' AS DOUBLE PRECISION)),
    (73, CAST('0.578125' AS DOUBLE PRECISION)),
    (74, CAST('0.5859375' AS DOUBLE PRECISION)),
    (75, CAST('0.59375' AS DOUBLE PRECISION)),
    (76, CAST('0.6015625' AS DOUBLE PRECISION)),
    (77, CAST('0.609375' AS DOUBLE PRECISION)),
    (78, CAST('0.6171875' AS DOUBLE PRECISION)),
    (79, CAST('0.625' AS DOUBLE PRECISION)),
    (80, CAST('0.6328125' AS DOUBLE PRECISION)),
    (81, CAST('0.640625' AS DOUBLE PRECISION)),
    (82, CAST('0.6484375' AS DOUBLE PRECISION)),
    (83, CAST('0.65625' AS DOUBLE PRECISION)),
    (84, CAST('0.6640625' AS DOUBLE PRECISION)),
    (85, CAST('0.671875' AS DOUBLE PRECISION)),
    (86, CAST('0.6796875' AS DOUBLE PRECISION)),
    (87, CAST('0.6875' AS DOUBLE PRECISION)),
    (88, CAST('0.6953125' AS DOUBLE PRECISION)),
    (89, CAST('0.703125' AS DOUBLE PRECISION)),
    (90, CAST('0.7109375' AS DOUBLE PRECISION)),
    (91, CAST('0.71875' AS DOUBLE PRECISION)),
    (92, CAST('0.7265625' AS DOUBLE PRECISION)),
    (93, CAST('0.734375' AS DOUBLE PRECISION)),
    (94, CAST('0.7421875' AS DOUBLE PRECISION)),
    (95, CAST('0.75' AS DOUBLE PRECISION)),
    (96, CAST('0.7578125' AS DOUBLE PRECISION)),
    (97, CAST('0.765625' AS DOUBLE PRECISION)),
    (98, CAST('0.7734375' AS DOUBLE PRECISION)),
    (99, CAST('0.78125' AS DOUBLE PRECISION)),
    (100, CAST('0.7890625' AS DOUBLE PRECISION))) AS v(score, rate)
)
SELECT
  s.lead_id,
  CAST(s.score AS BIGINT) AS score,
  r.rate AS expected_rate,
  CASE
    WHEN s.is_out
    THEN 'disqualified'
    WHEN s.score >= 62
    THEN 'hot ''n'' new'
    WHEN s.score >= 40
    THEN 'warm'
  END AS tier,
  CAST(s.fit AS BIGINT) AS fit,
  CAST(s.engagement AS BIGINT) AS engagement,
  s.cutoff AS cutoff
FROM scored AS s
JOIN rates AS r
  ON r.score = s.score
ORDER BY
  s.score DESC NULLS LAST,
  s.lead_row;
