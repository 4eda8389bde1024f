//! Built-in types by their fixed numbers: composites and arrays name their parts so.

const NAMES: &[(u32, &str)] = &[
    (16, "BOOL"),
    (17, "BYTEA"),
    (18, "\"CHAR\""),
    (19, "NAME"),
    (20, "INT8"),
    (21, "INT2"),
    (23, "INT4"),
    (25, "TEXT"),
    (26, "OID"),
    (27, "TID"),
    (28, "XID"),
    (29, "CID"),
    (114, "JSON"),
    (142, "XML"),
    (600, "POINT"),
    (601, "LSEG"),
    (602, "PATH"),
    (603, "BOX"),
    (604, "POLYGON"),
    (628, "LINE"),
    (650, "CIDR"),
    (700, "FLOAT4"),
    (701, "FLOAT8"),
    (718, "CIRCLE"),
    (774, "MACADDR8"),
    (790, "MONEY"),
    (829, "MACADDR"),
    (869, "INET"),
    (1000, "BOOL[]"),
    (1001, "BYTEA[]"),
    (1005, "INT2[]"),
    (1007, "INT4[]"),
    (1009, "TEXT[]"),
    (1014, "BPCHAR[]"),
    (1015, "VARCHAR[]"),
    (1016, "INT8[]"),
    (1021, "FLOAT4[]"),
    (1022, "FLOAT8[]"),
    (1042, "BPCHAR"),
    (1043, "VARCHAR"),
    (1082, "DATE"),
    (1083, "TIME"),
    (1114, "TIMESTAMP"),
    (1184, "TIMESTAMPTZ"),
    (1186, "INTERVAL"),
    (1231, "NUMERIC[]"),
    (1266, "TIMETZ"),
    (1560, "BIT"),
    (1562, "VARBIT"),
    (1700, "NUMERIC"),
    (2249, "RECORD"),
    (2950, "UUID"),
    (2951, "UUID[]"),
    (3220, "PG_LSN"),
    (3802, "JSONB"),
    (3904, "INT4RANGE"),
    (3906, "NUMRANGE"),
    (3908, "TSRANGE"),
    (3910, "TSTZRANGE"),
    (3912, "DATERANGE"),
    (3926, "INT8RANGE"),
    (4072, "JSONPATH"),
    (5069, "XID8"),
];

/// The name of a built-in type; none of a type that somebody made.
pub(super) fn name(oid: u32) -> Option<&'static str> {
    let at = NAMES.binary_search_by_key(&oid, |(known, _)| *known).ok()?;
    NAMES.get(at).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    #[test]
    fn numbers_are_in_order() {
        assert!(super::NAMES.is_sorted_by(|(a, _), (b, _)| a < b));
        assert_eq!(super::name(23), Some("INT4"));
        assert_eq!(super::name(24), None);
    }
}
