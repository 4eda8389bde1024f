//! Values of PostgreSQL: its binary format, in which sqlx sends every argument.

use std::cell::{Cell, RefCell};

use silk_core::{Value, ValueState};
use sqlx_core::{
    arguments::Arguments,
    encode::{Encode, IsNull},
    error::BoxDynError,
    types::Type,
};
use sqlx_postgres::{PgArgumentBuffer, PgArguments, PgTypeInfo, Postgres, types::Oid};

use super::{RebindError, cut, debug_output, refused_argument::seen, unavailable, whole_bytes};

/// Bytes of type names read at most: 65,535 arguments with names of some length.
const MAX_TYPES_TEXT: usize = 4 << 20;

/// sqlx writes the length of an argument before the argument itself is encoded.
const LENGTH_PREFIX: usize = 4;

/// Built-in types: as sqlx calls the variant, as PostgreSQL calls the type, and its fixed number.
const BUILT_IN: &[(&str, &str, u32)] = &[
    ("Bool", "BOOL", 16),
    ("Bytea", "BYTEA", 17),
    ("Char", "\"CHAR\"", 18),
    ("Name", "NAME", 19),
    ("Int8", "INT8", 20),
    ("Int2", "INT2", 21),
    ("Int4", "INT4", 23),
    ("Text", "TEXT", 25),
    ("Oid", "OID", 26),
    ("Json", "JSON", 114),
    ("JsonArray", "JSON[]", 199),
    ("Point", "POINT", 600),
    ("Lseg", "LSEG", 601),
    ("Path", "PATH", 602),
    ("Box", "BOX", 603),
    ("Polygon", "POLYGON", 604),
    ("Line", "LINE", 628),
    ("LineArray", "LINE[]", 629),
    ("Cidr", "CIDR", 650),
    ("CidrArray", "CIDR[]", 651),
    ("Float4", "FLOAT4", 700),
    ("Float8", "FLOAT8", 701),
    ("Unknown", "UNKNOWN", 705),
    ("Circle", "CIRCLE", 718),
    ("CircleArray", "CIRCLE[]", 719),
    ("Macaddr8", "MACADDR8", 774),
    ("Macaddr8Array", "MACADDR8[]", 775),
    ("Money", "MONEY", 790),
    ("MoneyArray", "MONEY[]", 791),
    ("Macaddr", "MACADDR", 829),
    ("Inet", "INET", 869),
    ("BoolArray", "BOOL[]", 1000),
    ("ByteaArray", "BYTEA[]", 1001),
    ("CharArray", "\"CHAR\"[]", 1002),
    ("NameArray", "NAME[]", 1003),
    ("Int2Array", "INT2[]", 1005),
    ("Int4Array", "INT4[]", 1007),
    ("TextArray", "TEXT[]", 1009),
    ("BpcharArray", "CHAR[]", 1014),
    ("VarcharArray", "VARCHAR[]", 1015),
    ("Int8Array", "INT8[]", 1016),
    ("PointArray", "POINT[]", 1017),
    ("LsegArray", "LSEG[]", 1018),
    ("PathArray", "PATH[]", 1019),
    ("BoxArray", "BOX[]", 1020),
    ("Float4Array", "FLOAT4[]", 1021),
    ("Float8Array", "FLOAT8[]", 1022),
    ("PolygonArray", "POLYGON[]", 1027),
    ("OidArray", "OID[]", 1028),
    ("MacaddrArray", "MACADDR[]", 1040),
    ("InetArray", "INET[]", 1041),
    ("Bpchar", "CHAR", 1042),
    ("Varchar", "VARCHAR", 1043),
    ("Date", "DATE", 1082),
    ("Time", "TIME", 1083),
    ("Timestamp", "TIMESTAMP", 1114),
    ("TimestampArray", "TIMESTAMP[]", 1115),
    ("DateArray", "DATE[]", 1182),
    ("TimeArray", "TIME[]", 1183),
    ("Timestamptz", "TIMESTAMPTZ", 1184),
    ("TimestamptzArray", "TIMESTAMPTZ[]", 1185),
    ("Interval", "INTERVAL", 1186),
    ("IntervalArray", "INTERVAL[]", 1187),
    ("NumericArray", "NUMERIC[]", 1231),
    ("Timetz", "TIMETZ", 1266),
    ("TimetzArray", "TIMETZ[]", 1270),
    ("Bit", "BIT", 1560),
    ("BitArray", "BIT[]", 1561),
    ("Varbit", "VARBIT", 1562),
    ("VarbitArray", "VARBIT[]", 1563),
    ("Numeric", "NUMERIC", 1700),
    ("Record", "RECORD", 2249),
    ("Void", "VOID", 2278),
    ("RecordArray", "RECORD[]", 2287),
    ("Uuid", "UUID", 2950),
    ("UuidArray", "UUID[]", 2951),
    ("Jsonb", "JSONB", 3802),
    ("JsonbArray", "JSONB[]", 3807),
    ("Int4Range", "INT4RANGE", 3904),
    ("Int4RangeArray", "INT4RANGE[]", 3905),
    ("NumRange", "NUMRANGE", 3906),
    ("NumRangeArray", "NUMRANGE[]", 3907),
    ("TsRange", "TSRANGE", 3908),
    ("TsRangeArray", "TSRANGE[]", 3909),
    ("TstzRange", "TSTZRANGE", 3910),
    ("TstzRangeArray", "TSTZRANGE[]", 3911),
    ("DateRange", "DATERANGE", 3912),
    ("DateRangeArray", "DATERANGE[]", 3913),
    ("Int8Range", "INT8RANGE", 3926),
    ("Int8RangeArray", "INT8RANGE[]", 3927),
    ("Jsonpath", "JSONPATH", 4072),
    ("JsonpathArray", "JSONPATH[]", 4073),
];

/// Looks at the buffer, and fails.
struct Probe<F>(F);

impl<F> Type<Postgres> for Probe<F> {
    fn type_info() -> PgTypeInfo {
        <i32 as Type<Postgres>>::type_info()
    }
}

impl<F: Fn(&[u8])> Encode<'_, Postgres> for Probe<F> {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        let before = buffer.len().saturating_sub(LENGTH_PREFIX);
        (self.0)(&buffer[..before]);
        Err(seen())
    }
}

/// Bytes of the encoded arguments.
#[must_use]
pub fn encoded_bytes(arguments: &mut PgArguments) -> usize {
    let bytes = Cell::new(0);
    let _ = Arguments::add(arguments, Probe(|buffer: &[u8]| bytes.set(buffer.len())));
    bytes.get()
}

/// Arguments as values, each cut at `max_bytes`.
#[must_use]
pub fn encode(mut arguments: PgArguments, max_bytes: usize) -> Vec<Value> {
    encode_by_ref(&mut arguments, max_bytes)
}

/// Arguments as values, each cut at `max_bytes` before it is copied; they are left as they were.
#[must_use]
pub fn encode_by_ref(arguments: &mut PgArguments, max_bytes: usize) -> Vec<Value> {
    let count = Arguments::len(arguments);
    let states = RefCell::new(None);
    let _ = Arguments::add(
        arguments,
        Probe(|buffer: &[u8]| *states.borrow_mut() = split(buffer, max_bytes)),
    );
    let types = debug_output::between(arguments, "types: [", "], buffer: ", MAX_TYPES_TEXT);
    let Some(types) = types else {
        return unavailable(count);
    };
    let types = debug_output::split_list(&types);
    match states.into_inner() {
        Some(states) if states.len() == count && types.len() == count => types
            .iter()
            .zip(states)
            .map(|(written, state)| Value {
                type_name: type_name(written),
                state,
            })
            .collect(),
        _ => unavailable(count),
    }
}

/// Cuts the buffer into values: each is a length and that many bytes, or −1 for NULL.
fn split(mut buffer: &[u8], max_bytes: usize) -> Option<Vec<ValueState>> {
    let mut states = Vec::new();
    while !buffer.is_empty() {
        let (length, rest) = buffer.split_first_chunk::<LENGTH_PREFIX>()?;
        buffer = rest;
        match i32::from_be_bytes(*length) {
            -1 => states.push(ValueState::Null),
            length => {
                let (bytes, rest) = buffer.split_at_checked(usize::try_from(length).ok()?)?;
                states.push(cut(bytes, max_bytes));
                buffer = rest;
            }
        }
    }
    Some(states)
}

/// `INT4` of `PgTypeInfo(Int4)`; `mood` of `PgTypeInfo(DeclareWithName(mood))`.
fn type_name(written: &str) -> String {
    let inner = inside(written, "PgTypeInfo(").unwrap_or(written);
    if let Some((_, name, _)) = BUILT_IN.iter().find(|(variant, ..)| *variant == inner) {
        return (*name).to_owned();
    }
    if let Some(name) = inside(inner, "DeclareWithName(") {
        return name.to_owned();
    }
    if let Some(number) = inside(inner, "DeclareWithOid(") {
        let number = inside(number, "Oid(").unwrap_or(number);
        let known = number.parse().ok().and_then(name_of_oid);
        return known.map_or_else(|| format!("OID {number}"), str::to_owned);
    }
    let field = if inner.starts_with("DeclareArrayOf(") {
        "elem_name: "
    } else {
        "name: "
    };
    let name = inner
        .split_once(field)
        .map(|(_, rest)| rest.split([',', ' ', '}']).next());
    match (name.flatten(), field) {
        (Some(element), "elem_name: ") => format!("{element}[]"),
        (Some(name), _) => name.to_owned(),
        (None, _) => inner.to_owned(),
    }
}

fn inside<'t>(text: &'t str, opening: &str) -> Option<&'t str> {
    text.strip_prefix(opening)?.strip_suffix(')')
}

fn name_of_oid(oid: u32) -> Option<&'static str> {
    BUILT_IN
        .iter()
        .find(|(.., known)| *known == oid)
        .map(|(_, name, _)| *name)
}

/// The number of a built-in type, or of one named by its number alone.
#[must_use]
pub fn built_in_oid(type_name: &str) -> Option<u32> {
    let known = BUILT_IN
        .iter()
        .find(|(_, name, _)| *name == type_name)
        .map(|(.., oid)| *oid);
    known.or_else(|| type_name.strip_prefix("OID ")?.parse().ok())
}

/// The number of a type's elements within an encoded array, where it is missing: sqlx fills it in
/// when it sends, for types that the app declared by name.
#[must_use]
pub fn lacks_element_type(value: &Value) -> bool {
    let ValueState::Bytes(bytes) = &value.state else {
        return false;
    };
    value.type_name.ends_with("[]") && bytes.len() >= 12 && bytes[8..12] == [0; 4]
}

/// Several values of one type as one array of them, in PostgreSQL's binary format.
///
/// # Errors
/// Which value is not whole, or of a type that has no array by name.
pub fn array_of(values: &[Value]) -> Result<Value, RebindError> {
    let element = (values.iter())
        .find(|value| value.state != ValueState::Null)
        .or(values.first())
        .map(|value| value.type_name.as_str())
        .filter(|name| !name.ends_with(']') && !name.starts_with("OID "))
        .ok_or(RebindError::Unavailable(1))?;
    let mut elements = Vec::new();
    for (value, position) in values.iter().zip(1..) {
        let unknown = RebindError::Unavailable(position);
        match whole_bytes(value, position)? {
            None => elements.extend_from_slice(&(-1_i32).to_be_bytes()),
            Some(bytes) if value.type_name == element => {
                let length = i32::try_from(bytes.len()).map_err(|_| unknown)?;
                elements.extend_from_slice(&length.to_be_bytes());
                elements.extend_from_slice(bytes);
            }
            Some(_) => return Err(unknown),
        }
    }
    let count = i32::try_from(values.len()).map_err(|_| RebindError::Unavailable(1))?;
    // One dimension; no flags, as the driver has it (the server finds NULLs by their length); the
    // element's type, 0 where it is filled in when it is sent; how many, counted from 1.
    let mut bytes = Vec::with_capacity(20 + elements.len());
    bytes.extend_from_slice(&1_i32.to_be_bytes());
    bytes.extend_from_slice(&0_i32.to_be_bytes());
    bytes.extend_from_slice(&built_in_oid(element).unwrap_or(0).to_be_bytes());
    bytes.extend_from_slice(&count.to_be_bytes());
    bytes.extend_from_slice(&1_i32.to_be_bytes());
    bytes.extend_from_slice(&elements);
    Ok(Value {
        type_name: format!("{element}[]"),
        state: ValueState::Bytes(bytes),
    })
}

/// A value as it was encoded, with the type it was sent as.
struct Rebound<'v> {
    bytes: Option<&'v [u8]>,
    oid: u32,
    /// Number of the element's type, for arrays that lack it.
    element: Option<u32>,
}

impl Type<Postgres> for Rebound<'_> {
    fn type_info() -> PgTypeInfo {
        // Never used: `produces` tells.
        <str as Type<Postgres>>::type_info()
    }
}

impl Encode<'_, Postgres> for Rebound<'_> {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        let Some(bytes) = self.bytes else {
            return Ok(IsNull::Yes);
        };
        let start = buffer.len();
        buffer.extend_from_slice(bytes);
        if let Some(element) = self.element
            && let Some(slot) = buffer.get_mut(start + 8..start + 12)
        {
            slot.copy_from_slice(&element.to_be_bytes());
        }
        Ok(IsNull::No)
    }

    fn produces(&self) -> Option<PgTypeInfo> {
        Some(PgTypeInfo::with_oid(Oid(self.oid)))
    }
}

/// Binds values again. `oid_of` tells the number of a type that is not built in, by its name.
///
/// # Errors
/// Which value is not whole, or of an unknown type.
pub fn rebind(
    values: &[Value],
    oid_of: impl Fn(&str) -> Option<u32>,
) -> Result<PgArguments, RebindError> {
    let mut arguments = PgArguments::default();
    for (value, position) in values.iter().zip(1..) {
        let bytes = whole_bytes(value, position)?;
        let oid = |name: &str| built_in_oid(name).or_else(|| oid_of(name));
        let unknown = RebindError::Unavailable(position);
        let element = if lacks_element_type(value) {
            Some(oid(value.type_name.trim_end_matches("[]")).ok_or(unknown)?)
        } else {
            None
        };
        let rebound = Rebound {
            bytes,
            oid: oid(&value.type_name).ok_or(unknown)?,
            element,
        };
        Arguments::add(&mut arguments, rebound).map_err(|_| unknown)?;
    }
    Ok(arguments)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_named_as_postgres_names_them() {
        assert_eq!(type_name("PgTypeInfo(Int4)"), "INT4");
        assert_eq!(type_name("PgTypeInfo(TextArray)"), "TEXT[]");
        assert_eq!(type_name("PgTypeInfo(DeclareWithName(mood))"), "mood");
        assert_eq!(type_name("PgTypeInfo(DeclareWithOid(Oid(23)))"), "INT4");
        assert_eq!(
            type_name("PgTypeInfo(DeclareWithOid(Oid(99999)))"),
            "OID 99999"
        );
        assert_eq!(
            type_name(
                "PgTypeInfo(DeclareArrayOf(PgArrayOf { elem_name: mood, name: \"mood[]\" }))"
            ),
            "mood[]"
        );
        assert_eq!(type_name("something else"), "something else");
    }

    #[test]
    fn values_become_the_array_that_the_driver_would_send() {
        let numbers = [Some(7_i64), None, Some(-1)];
        let mut one_by_one = PgArguments::default();
        let mut as_array = PgArguments::default();
        for number in numbers {
            Arguments::add(&mut one_by_one, number).unwrap();
        }
        Arguments::add(&mut as_array, numbers.to_vec()).unwrap();
        let array = array_of(&encode(one_by_one, 100)).unwrap();
        assert_eq!(vec![array], encode(as_array, 1_000));

        let mut texts = PgArguments::default();
        Arguments::add(&mut texts, "a").unwrap();
        Arguments::add(&mut texts, "é").unwrap();
        let mut array = PgArguments::default();
        Arguments::add(&mut array, vec!["a", "é"]).unwrap();
        let texts = encode(texts, 100);
        assert_eq!(vec![array_of(&texts).unwrap()], encode(array, 1_000));
    }

    #[test]
    fn what_is_not_whole_or_not_of_one_type_is_no_array() {
        let value = |name: &str, state| Value {
            type_name: name.to_owned(),
            state,
        };
        let whole = value("INT8", ValueState::Bytes(vec![0; 8]));
        for other in [
            value("INT4", ValueState::Bytes(vec![0; 4])),
            value("INT8", ValueState::Redacted),
        ] {
            assert!(array_of(&[whole.clone(), other]).is_err());
        }
        for name in ["INT8[]", "OID 12345"] {
            assert!(array_of(&[value(name, ValueState::Bytes(vec![0]))]).is_err());
        }
        assert!(array_of(&[]).is_err());
        // Types of the app's own have their number filled in when they are sent.
        let mood = array_of(&[value("mood", ValueState::Bytes(b"glad".to_vec()))]).unwrap();
        assert!(mood.type_name == "mood[]" && lacks_element_type(&mood));
    }

    #[test]
    fn names_and_numbers_of_types_are_unique() {
        for (index, (variant, name, oid)) in BUILT_IN.iter().enumerate() {
            for (other_variant, other_name, other_oid) in &BUILT_IN[index + 1..] {
                assert_ne!(variant, other_variant);
                assert_ne!(name, other_name);
                assert_ne!(oid, other_oid);
            }
        }
    }

    #[test]
    fn a_buffer_that_does_not_add_up_gives_nothing() {
        assert_eq!(
            split(&[0, 0, 0, 1, 7], 10),
            Some(vec![ValueState::Bytes(vec![7])])
        );
        assert_eq!(split(&[255; 4], 10), Some(vec![ValueState::Null]));
        assert_eq!(split(&[0, 0, 0, 2, 7], 10), None);
        assert_eq!(split(&[0, 0, 0], 10), None);
        assert_eq!(split(&[255, 255, 255, 254], 10), None);
    }
}
