//! Points, lines and what is made of them.

use super::{super::number::postgres_float8, reader::Reader};

/// A value of a geometric type; none if the bytes are no such value, or the type is another.
pub(super) fn shape(name: &str, bytes: &[u8]) -> Option<String> {
    let mut reader = Reader(bytes);
    let text = match name {
        "POINT" => point(&mut reader)?,
        "LINE" => format!(
            "{{{},{},{}}}",
            float(&mut reader)?,
            float(&mut reader)?,
            float(&mut reader)?
        ),
        "LSEG" => format!("[{},{}]", point(&mut reader)?, point(&mut reader)?),
        "BOX" => corners(&mut reader)?,
        "PATH" => {
            let is_closed = *reader.take(1)?.first()? != 0;
            let points = points(&mut reader)?;
            if is_closed {
                format!("({points})")
            } else {
                format!("[{points}]")
            }
        }
        "POLYGON" => format!("({})", points(&mut reader)?),
        "CIRCLE" => format!("<{},{}>", point(&mut reader)?, float(&mut reader)?),
        "CUBE" => cube(&mut reader)?,
        _ => return None,
    };
    reader.is_at_end().then_some(text)
}

fn float(reader: &mut Reader<'_>) -> Option<String> {
    Some(postgres_float8(reader.float()?))
}

fn point(reader: &mut Reader<'_>) -> Option<String> {
    Some(format!("({},{})", float(reader)?, float(reader)?))
}

fn points(reader: &mut Reader<'_>) -> Option<String> {
    let count = usize::try_from(reader.int()?).ok()?;
    // A hostile count must not make room for itself.
    if reader.0.len() / 16 < count {
        return None;
    }
    let points: Option<Vec<String>> = (0..count).map(|_| point(reader)).collect();
    Some(points?.join(","))
}

/// The server puts the upper right corner first, whichever came first.
fn corners(reader: &mut Reader<'_>) -> Option<String> {
    let [ax, ay, bx, by] = [
        reader.float()?,
        reader.float()?,
        reader.float()?,
        reader.float()?,
    ];
    let order = |a: f64, b: f64| if a < b { (b, a) } else { (a, b) };
    let ((right, left), (top, bottom)) = (order(ax, bx), order(ay, by));
    let [right, top, left, bottom] = [right, top, left, bottom].map(postgres_float8);
    Some(format!("({right},{top}),({left},{bottom})"))
}

/// Of the extension `cube`: a corner, or two.
fn cube(reader: &mut Reader<'_>) -> Option<String> {
    const IS_POINT: u32 = 1 << 31;
    let header = reader.number()?;
    let dimensions = usize::try_from(header & !IS_POINT).ok()?;
    let corner = |reader: &mut Reader<'_>| -> Option<String> {
        if reader.0.len() / 8 < dimensions {
            return None;
        }
        let parts: Option<Vec<String>> = (0..dimensions).map(|_| float(reader)).collect();
        Some(format!("({})", parts?.join(", ")))
    };
    let first = corner(reader)?;
    if header & IS_POINT != 0 {
        return Some(first);
    }
    let second = corner(reader)?;
    // The server prints a cube without extent as the point that it is.
    Some(if first == second {
        first
    } else {
        format!("{first},{second}")
    })
}
