import { findNames, type Language, type NamePattern } from '../language.ts';
import { noMore, oneCommand } from '../plain.ts';
import { isComplete } from './completeness.ts';
import { sqlReaders } from './read.ts';

/** Spark SQL on the cluster: a cell is one command; the server runs its statements in order and returns the last one's result. */
export function createSql(): Language {
  return {
    ...noMore,
    id: 'sql',
    run: oneCommand(sqlReaders),
    readers: sqlReaders,
    isComplete,
    keywords,
    definedNames: (code) => findNames(code, names),
  };
}

const keywords = (
  'ADD ALL ALTER ANALYZE AND ANTI ARRAY AS ASC BETWEEN BY CACHE CASE CAST CLUSTER COLUMN COLUMNS COMMENT CREATE CROSS CUBE CURRENT DATABASE ' +
  'DATABASES DELETE DESC DESCRIBE DISTINCT DISTRIBUTE DROP ELSE END EXCEPT EXISTS EXPLAIN EXTENDED FALSE FILTER FIRST FOLLOWING FROM FULL FUNCTION ' +
  'FUNCTIONS GLOBAL GROUP GROUPING HAVING IF IN INNER INSERT INTERSECT INTERVAL INTO IS JOIN LAST LATERAL LEFT LIKE LIMIT LOCATION MAP MERGE NATURAL ' +
  'NOT NULL NULLS OFFSET ON OPTIONS OR ORDER OUTER OVER OVERWRITE PARTITION PARTITIONED PIVOT PRECEDING QUALIFY RANGE REFRESH RENAME REPLACE RIGHT ' +
  'RLIKE ROLLUP ROW ROWS SCHEMA SCHEMAS SELECT SEMI SET SETS SHOW SORT STRUCT TABLE TABLES TABLESAMPLE TEMPORARY THEN TRUE TRUNCATE UNBOUNDED UNCACHE ' +
  'UNION UNPIVOT UPDATE USE USING VALUES VIEW VIEWS WHEN WHERE WINDOW WITH ' +
  'avg coalesce collect_list collect_set concat count current_date current_timestamp date_add date_format date_trunc datediff dense_rank explode ' +
  'from_json greatest lag lead least length lower lpad max min month percent_rank rank regexp_extract regexp_replace round row_number rpad split ' +
  'substring sum to_date to_json to_timestamp trim upper year'
).split(' ');

const name = String.raw`(?:\x60[^\x60]+\x60|[\w$]+)(?:\.(?:\x60[^\x60]+\x60|[\w$]+))*`;
const names: readonly NamePattern[] = [
  {
    pattern: new RegExp(
      String.raw`\bcreate\s+(?:or\s+replace\s+)?(?:global\s+)?(?:temp(?:orary)?\s+|external\s+)?(?:table|view)\s+(?:if\s+not\s+exists\s+)?(${name})`,
      'gi',
    ),
    type: 'class',
  },
  { pattern: new RegExp(String.raw`\bcreate\s+(?:or\s+replace\s+)?(?:temp(?:orary)?\s+)?function\s+(?:if\s+not\s+exists\s+)?(${name})`, 'gi'), type: 'function' },
  { pattern: new RegExp(String.raw`\b(?:with|,)\s+(${name})\s+as\s*\(`, 'gi'), type: 'class' },
];
