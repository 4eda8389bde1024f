//! Where spans of OpenTelemetry go: counted and thrown away.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
};

use crate::Result;

/// An address that takes spans by OTLP over HTTP.
#[derive(Debug)]
pub(super) struct Sink {
    address: String,
    spans: Arc<AtomicU64>,
}

impl Sink {
    pub(super) fn open() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?.to_string();
        let spans = Arc::<AtomicU64>::default();
        let counted = Arc::clone(&spans);
        // It ends with the process.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let spans = Arc::clone(&counted);
                thread::spawn(move || answer(stream, &spans));
            }
        });
        Ok(Self { address, spans })
    }

    /// Host and port.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Spans that have arrived.
    pub(super) fn spans(&self) -> u64 {
        self.spans.load(Relaxed)
    }
}

/// Answers requests until the client goes.
fn answer(stream: TcpStream, spans: &AtomicU64) -> Option<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut length = 0;
        let mut line = String::new();
        loop {
            line.clear();
            if stream.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if line.trim().is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().ok()?;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).ok()?;
        spans.fetch_add(count(&body, &[1, 2, 2]), Relaxed);
        stream
            .get_mut()
            .write_all(
                b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n",
            )
            .ok()?;
    }
}

/// How many messages a message of protobuf has at a path of field numbers. Of spans it is resources,
/// their scopes, and the spans of each: 1, 2, 2.
fn count(mut message: &[u8], path: &[u64]) -> u64 {
    let Some((wanted, rest)) = path.split_first() else {
        return 1;
    };
    let mut sum = 0;
    while let Some(key) = varint(&mut message) {
        let length = match key & 7 {
            0 => {
                if varint(&mut message).is_none() {
                    break;
                }
                continue;
            }
            1 => 8,
            2 => match varint(&mut message).and_then(|length| usize::try_from(length).ok()) {
                Some(length) => length,
                None => break,
            },
            5 => 4,
            _ => break,
        };
        let Some((field, after)) = message.split_at_checked(length) else {
            break;
        };
        if key & 7 == 2 && key >> 3 == *wanted {
            sum += count(field, rest);
        }
        message = after;
    }
    sum
}

/// Reads a number of variable length.
fn varint(message: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = message.split_first()?;
        *message = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A field that holds a message.
    fn field(number: u8, message: &[u8]) -> Vec<u8> {
        let mut field = vec![number << 3 | 2, u8::try_from(message.len()).unwrap()];
        field.extend_from_slice(message);
        field
    }

    #[test]
    fn spans_of_all_scopes_are_counted() {
        let span = field(2, &[0x08, 0x96, 0x01]);
        let scope = field(2, &[field(1, b"name"), span.clone(), span].concat());
        let resource = field(1, &[field(1, &[]), scope.clone(), scope].concat());
        let body = [resource.clone(), resource].concat();
        assert_eq!(count(&body, &[1, 2, 2]), 8);
        assert_eq!(count(&body[..body.len() - 1], &[1, 2, 2]), 4);
        assert_eq!(count(&[], &[1, 2, 2]), 0);
    }
}
