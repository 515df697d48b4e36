-- Quarterly score -- Città d'arte: scores of the open leads, in the SQL of Spark
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
    ' ' || CHR(9) || CHR(13) || CHR(10) || '\u00A0' || '\uFEFF' AS letters
), crm_lead_cells AS (
  SELECT
    t.`Deal ID` AS c0,
    NULLIF(
      NULLIF(
        NULLIF(NULLIF(TRIM(b.letters FROM CAST(t.`Deal ID` AS STRING)), ''), 'Select'),
        '-1'
      ),
      '-1.0'
    ) AS c1,
    NULLIF(
      NULLIF(
        NULLIF(NULLIF(TRIM(b.letters FROM CAST(t.`contact` AS STRING)), ''), 'Select'),
        '-1'
      ),
      '-1.0'
    ) AS c2,
    t.`Created Time` AS c3,
    NULLIF(
      NULLIF(NULLIF(NULLIF(TRIM(b.letters FROM CAST(t.`order` AS STRING)), ''), 'Select'), '-1'),
      '-1.0'
    ) AS c4,
    t.`Closing Date` AS c5,
    NULLIF(
      NULLIF(
        NULLIF(NULLIF(TRIM(b.letters FROM CAST(t.`select` AS STRING)), ''), 'Select'),
        '-1'
      ),
      '-1.0'
    ) AS c6,
    NULLIF(
      NULLIF(NULLIF(NULLIF(TRIM(b.letters FROM CAST(t.`Città` AS STRING)), ''), 'Select'), '-1'),
      '-1.0'
    ) AS c7,
    NULLIF(
      NULLIF(
        NULLIF(NULLIF(TRIM(b.letters FROM CAST(t.`seats "now"` AS STRING)), ''), 'Select'),
        '-1'
      ),
      '-1.0'
    ) AS c8,
    NULLIF(
      NULLIF(NULLIF(NULLIF(TRIM(b.letters FROM CAST(t.`size` AS STRING)), ''), 'Select'), '-1'),
      '-1.0'
    ) AS c9,
    NULLIF(
      NULLIF(NULLIF(NULLIF(TRIM(b.letters FROM CAST(t.`trial` AS STRING)), ''), 'Select'), '-1'),
      '-1.0'
    ) AS c10,
    NULLIF(
      NULLIF(NULLIF(NULLIF(TRIM(b.letters FROM CAST(t.`score` AS STRING)), ''), 'Select'), '-1'),
      '-1.0'
    ) AS c11,
    NULLIF(
      NULLIF(
        NULLIF(NULLIF(TRIM(b.letters FROM CAST(t.`Source` AS STRING)), ''), 'Select'),
        '-1'
      ),
      '-1.0'
    ) AS c12
  FROM `crm`.`Deals` AS t
  CROSS JOIN crm_blanks AS b
), crm_leads AS (
  SELECT DISTINCT
    c0 AS lead_row,
    c0 AS lead_id,
    c2 AS lead_key,
    CAST(c3 AS TIMESTAMP_NTZ) AS created_at,
    CASE
      WHEN LOWER(c4) IN ('payment done')
      THEN 'converted'
      WHEN LOWER(c4) IN ('lost', 'won\'t buy')
      THEN 'lost'
      ELSE 'open'
    END AS outcome,
    CASE
      WHEN CAST(c5 AS TIMESTAMP_NTZ) = CAST(CAST(CAST(c5 AS TIMESTAMP_NTZ) AS DATE) AS TIMESTAMP_NTZ)
      THEN CAST(c5 AS TIMESTAMP_NTZ) + INTERVAL '1' DAY - INTERVAL '1' MICROSECOND
      ELSE CAST(c5 AS TIMESTAMP_NTZ)
    END AS closed_at,
    c6 AS x0,
    c7 AS x1,
    CAST(CASE WHEN LOWER(c8) <> 'nan' THEN c8 END AS DOUBLE) AS x2,
    c9 AS x3,
    c10 AS x4,
    c11 AS x5
  FROM crm_lead_cells AS t
  WHERE
    NOT c1 IS NULL AND NOT COALESCE(c12 IN ('Test'), FALSE)
), crm_activity_cells AS (
  SELECT
    NULLIF(TRIM(b.letters FROM CAST(t.`contact` AS STRING)), '') AS c0,
    NULLIF(TRIM(b.letters FROM CAST(t.`Call Status` AS STRING)), '') AS c1,
    t.`when` AS c2,
    NULLIF(TRIM(b.letters FROM CAST(t.`Page URL` AS STRING)), '') AS c3,
    NULLIF(TRIM(b.letters FROM CAST(t.`value` AS STRING)), '') AS c4
  FROM `crm`.`calls` AS t
  CROSS JOIN crm_blanks AS b
), crm_activities AS (
  SELECT
    c0 AS lead_key,
    CASE c1 WHEN 'select' THEN 'activity:select' ELSE c1 END AS activity,
    CAST(c2 AS TIMESTAMP_NTZ) AS occurred_at,
    c3 AS detail,
    CAST(CASE WHEN LOWER(c4) <> 'nan' THEN c4 END AS DOUBLE) AS value
  FROM crm_activity_cells AS t
  WHERE
    NOT c0 IS NULL AND NOT c1 IS NULL
), seen AS (
  SELECT
    l.lead_row,
    l.lead_id,
    CAST(CURRENT_TIMESTAMP() AS TIMESTAMP_NTZ) AS cutoff,
    CAST(CURRENT_TIMESTAMP() AS TIMESTAMP_NTZ) + INTERVAL '1' MICROSECOND AS until,
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
    l.created_at <= CAST(CURRENT_TIMESTAMP() AS TIMESTAMP_NTZ)
    AND (
      l.outcome = 'open' OR l.closed_at > CAST(CURRENT_TIMESTAMP() AS TIMESTAMP_NTZ)
    )
), events AS (
  SELECT
    u.lead_row,
    COUNT(*) FILTER(WHERE
      a.activity = 'email_click' AND a.occurred_at >= u.cutoff - INTERVAL '30' DAY) AS f0,
    SUM(
      CAST(CASE WHEN abs(CAST(a.value AS DOUBLE)) >= CAST(1000000000000000000 AS DOUBLE) THEN NULL WHEN (abs(CAST(a.value AS DOUBLE)) * CAST(1000000 AS DOUBLE)) + CAST(0.5 AS DOUBLE) >= CAST(1000000000000000000000000 AS DOUBLE) THEN NULL WHEN (abs(CAST(a.value AS DOUBLE)) * CAST(1000000 AS DOUBLE)) < CAST(4503599627370496 AS DOUBLE) THEN CAST(CAST(floor((abs(CAST(a.value AS DOUBLE)) * CAST(1000000 AS DOUBLE))) AS BIGINT) + CASE WHEN (abs(CAST(a.value AS DOUBLE)) * CAST(1000000 AS DOUBLE)) - floor((abs(CAST(a.value AS DOUBLE)) * CAST(1000000 AS DOUBLE))) >= CAST(0.5 AS DOUBLE) THEN 1 ELSE 0 END AS DECIMAL(19, 0)) * CAST(0.000001 AS DECIMAL(7, 6)) ELSE ((CAST(CAST(floor((abs(CAST(a.value AS DOUBLE)) * CAST(1000000 AS DOUBLE)) / CAST(1099511627776 AS DOUBLE)) AS BIGINT) AS DECIMAL(13, 0)) * CAST(1099511627776 AS DECIMAL(13, 0))) + CAST((abs(CAST(a.value AS DOUBLE)) * CAST(1000000 AS DOUBLE)) - floor((abs(CAST(a.value AS DOUBLE)) * CAST(1000000 AS DOUBLE)) / CAST(1099511627776 AS DOUBLE)) * CAST(1099511627776 AS DOUBLE) AS BIGINT)) * CAST(0.000001 AS DECIMAL(7, 6)) END * CAST(CASE WHEN CAST(a.value AS DOUBLE) < 0 THEN -1 ELSE 1 END AS DECIMAL(1, 0)) AS DECIMAL(24, 6))
    ) FILTER(WHERE
      a.activity = 'visite d\'été') AS f1,
    COUNT(*) FILTER(WHERE
      a.activity = 'page_view' AND a.detail ILIKE '%/Pricing\\_100\\%%' ESCAPE '\\') AS f2,
    COUNT(*) FILTER(WHERE
      a.activity = 'email_click') AS f3,
    COUNT(*) FILTER(WHERE
      a.activity = 'email_open') AS f4,
    DATEDIFF(
      MICROSECOND,
      MAX(a.occurred_at) FILTER(WHERE
        a.activity = 'page_view'),
      MAX(u.cutoff)
    ) / CAST(86400000000.0 AS DOUBLE) AS f5,
    COUNT(*) FILTER(WHERE
      a.activity = 'page_view') AS f6,
    COUNT(*) AS f7,
    COUNT(*) FILTER(WHERE
      a.activity = 'activity:select') AS f8
  FROM seen AS u
  JOIN crm_activities AS a
    ON a.lead_key = u.lead_key
  WHERE
    a.occurred_at >= u.created_at - INTERVAL '90' DAY
    AND a.occurred_at < u.until
    AND a.occurred_at <= CAST(CURRENT_TIMESTAMP() AS TIMESTAMP_NTZ)
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
        a.activity = 'visite d\'été') AS d0
    FROM seen AS u
    JOIN crm_activities AS a
      ON a.lead_key = u.lead_key
    WHERE
      a.occurred_at >= u.created_at - INTERVAL '90' DAY
      AND a.occurred_at < u.until
      AND a.occurred_at <= CAST(CURRENT_TIMESTAMP() AS TIMESTAMP_NTZ)
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
      WHEN COALESCE(s.x2 >= CAST('4.5' AS DOUBLE) AND s.x2 < 100, FALSE)
      THEN 13
      ELSE 0
    END + CASE WHEN COALESCE(s.x2 IN (1, CAST('2.5' AS DOUBLE)), FALSE) THEN 3 ELSE 0 END + CASE WHEN COALESCE(s.x3 IN ('11-50'), FALSE) THEN 2 ELSE 0 END + CASE
      WHEN COALESCE(
        CASE
          WHEN ((s.x3) RLIKE CONCAT('(?d)\\A(?:', '[-+]?([0-9]{1,200}[.]?[0-9]{0,200}|[.][0-9]{1,200})([eE][-+]?[0-9]{1,2})?', ')\\z'))
          THEN CAST(s.x3 AS DOUBLE)
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
      CASE WHEN COALESCE(events.f0, 0) >= 3 THEN 14 ELSE 0 END + CASE WHEN COALESCE(CAST(events.f1 AS DOUBLE), 0) >= 600 THEN 8 ELSE 0 END + CASE WHEN COALESCE(days.f0, 0) >= 3 THEN 6 ELSE 0 END + CASE WHEN COALESCE(events.f2, 0) >= 1 THEN 21 ELSE 0 END + CASE
        WHEN (
          COALESCE(events.f4, 0) >= 5
          AND COALESCE(events.f3, 0) >= CAST('0.2' AS DOUBLE) * COALESCE(events.f4, 0)
        )
        THEN 4
        ELSE 0
      END + CASE WHEN COALESCE(events.f5 <= CAST('0.5' AS DOUBLE), FALSE) THEN 12 ELSE 0 END + CASE
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
  FROM VALUES
    (0, CAST('0.0078125' AS DOUBLE)),
    (1, CAST('0.015625' AS DOUBLE)),
    (2, CAST('0.0234375' AS DOUBLE)),
    (3, CAST('0.03125' AS DOUBLE)),
    (4, CAST('0.0390625' AS DOUBLE)),
    (5, CAST('0.046875' AS DOUBLE)),
    (6, CAST('0.0546875' AS DOUBLE)),
    (7, CAST('0.0625' AS DOUBLE)),
    (8, CAST('0.0703125' AS DOUBLE)),
    (9, CAST('0.078125' AS DOUBLE)),
    (10, CAST('0.0859375' AS DOUBLE)),
    (11, CAST('0.09375' AS DOUBLE)),
    (12, CAST('0.1015625' AS DOUBLE)),
    (13, CAST('0.109375' AS DOUBLE)),
    (14, CAST('0.1171875' AS DOUBLE)),
    (15, CAST('0.125' AS DOUBLE)),
    (16, CAST('0.1328125' AS DOUBLE)),
    (17, CAST('0.140625' AS DOUBLE)),
    (18, CAST('0.1484375' AS DOUBLE)),
    (19, CAST('0.15625' AS DOUBLE)),
    (20, CAST('0.1640625' AS DOUBLE)),
    (21, CAST('0.171875' AS DOUBLE)),
    (22, CAST('0.1796875' AS DOUBLE)),
    (23, CAST('0.1875' AS DOUBLE)),
    (24, CAST('0.1953125' AS DOUBLE)),
    (25, CAST('0.203125' AS DOUBLE)),
    (26, CAST('0.2109375' AS DOUBLE)),
    (27, CAST('0.21875' AS DOUBLE)),
    (28, CAST('0.2265625' AS DOUBLE)),
    (29, CAST('0.234375' AS DOUBLE)),
    (30, CAST('0.2421875' AS DOUBLE)),
    (31, CAST('0.25' AS DOUBLE)),
    (32, CAST('0.2578125' AS DOUBLE)),
    (33, CAST('0.265625' AS DOUBLE)),
    (34, CAST('0.2734375' AS DOUBLE)),
    (35, CAST('0.28125' AS DOUBLE)),
    (36, CAST('0.2890625' AS DOUBLE)),
    (37, CAST('0.296875' AS DOUBLE)),
    (38, CAST('0.3046875' AS DOUBLE)),
    (39, CAST('0.3125' AS DOUBLE)),
    (40, CAST('0.3203125' AS DOUBLE)),
    (41, CAST('0.328125' AS DOUBLE)),
    (42, CAST('0.3359375' AS DOUBLE)),
    (43, CAST('0.34375' AS DOUBLE)),
    (44, CAST('0.3515625' AS DOUBLE)),
    (45, CAST('0.359375' AS DOUBLE)),
    (46, CAST('0.3671875' AS DOUBLE)),
    (47, CAST('0.375' AS DOUBLE)),
    (48, CAST('0.3828125' AS DOUBLE)),
    (49, CAST('0.390625' AS DOUBLE)),
    (50, CAST('0.3984375' AS DOUBLE)),
    (51, CAST('0.40625' AS DOUBLE)),
    (52, CAST('0.4140625' AS DOUBLE)),
    (53, CAST('0.421875' AS DOUBLE)),
    (54, CAST('0.4296875' AS DOUBLE)),
    (55, CAST('0.4375' AS DOUBLE)),
    (56, CAST('0.4453125' AS DOUBLE)),
    (57, CAST('0.453125' AS DOUBLE)),
    (58, CAST('0.4609375' AS DOUBLE)),
    (59, CAST('0.46875' AS DOUBLE)),
    (60, CAST('0.4765625' AS DOUBLE)),
    (61, CAST('0.484375' AS DOUBLE)),
    (62, CAST('0.4921875' AS DOUBLE)),
    (63, CAST('0.5' AS DOUBLE)),
    (64, CAST('0.5078125' AS DOUBLE)),
    (65, CAST('0.515625' AS DOUBLE)),
    (66, CAST('0.5234375' AS DOUBLE)),
    (67, CAST('0.53125' AS DOUBLE)),
    (68, CAST('0.5390625' AS DOUBLE)),
    (69, CAST('0.546875' AS DOUBLE)),
    (70, CAST('0.5546875' AS DOUBLE)),
    (71, CAST('0.5625' AS DOUBLE)),
    (72, CAST('0.5703125' AS DOUBLE)),
    (73, CAST('0.578125' AS DOUBLE)),
    (74, CAST('0.5859375' AS DOUBLE)),
    (75, CAST('0.59375' AS DOUBLE)),
    (76, CAST('0.6015625' AS DOUBLE)),
    (77, CAST('0.609375' AS DOUBLE)),
    (78, CAST('0.6171875' AS DOUBLE)),
    (79, CAST('0.625' AS DOUBLE)),
    (80, CAST('0.6328125' AS DOUBLE)),
    (81, CAST('0.640625' AS DOUBLE)),
    (82, CAST('0.6484375' AS DOUBLE)),
    (83, CAST('0.65625' AS DOUBLE)),
    (84, CAST('0.6640625' AS DOUBLE)),
    (85, CAST('0.671875' AS DOUBLE)),
    (86, CAST('0.6796875' AS DOUBLE)),
    (87, CAST('0.6875' AS DOUBLE)),
    (88, CAST('0.6953125' AS DOUBLE)),
    (89, CAST('0.703125' AS DOUBLE)),
    (90, CAST('0.7109375' AS DOUBLE)),
    (91, CAST('0.71875' AS DOUBLE)),
    (92, CAST('0.7265625' AS DOUBLE)),
    (93, CAST('0.734375' AS DOUBLE)),
    (94, CAST('0.7421875' AS DOUBLE)),
    (95, CAST('0.75' AS DOUBLE)),
    (96, CAST('0.7578125' AS DOUBLE)),
    (97, CAST('0.765625' AS DOUBLE)),
    (98, CAST('0.7734375' AS DOUBLE)),
    (99, CAST('0.78125' AS DOUBLE)),
    (100, CAST('0.7890625' AS DOUBLE)) AS v(score, rate)
)
SELECT
  s.lead_id,
  CAST(s.score AS BIGINT) AS score,
  r.rate AS expected_rate,
  CASE
    WHEN s.is_out
    THEN 'disqualified'
    WHEN s.score >= 62
    THEN 'hot \'n\' new'
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
  s.score DESC,
  s.lead_row NULLS LAST;
