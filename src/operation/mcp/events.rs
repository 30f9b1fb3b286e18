//! A stream of server-sent events, taken apart and put together again.
//!
//! Comments and every other field stay as they are; only an event's data may be replaced. One event
//! is bounded, so that a stream without end is not held in memory.

/// Takes a stream apart as it arrives.
#[derive(Debug, Default)]
pub struct Events {
    /// What arrived of the line that is not complete.
    partial: Vec<u8>,
    /// The lines of the event that is not complete.
    lines: Vec<String>,
    bytes: usize,
}

/// One event, or a comment between two.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Event {
    lines: Vec<String>,
}

/// An event that is too large, or not UTF-8.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Unreadable;

impl Events {
    /// The events that `chunk` completes.
    ///
    /// # Errors
    /// [`Unreadable`]; nothing that follows can then be trusted.
    pub fn push(&mut self, chunk: &[u8]) -> Result<Vec<Event>, Unreadable> {
        self.partial.extend_from_slice(chunk);
        let mut events = Vec::new();
        while let Some((end, next)) = line_end(&self.partial) {
            let line: Vec<u8> = self.partial.drain(..next).take(end).collect();
            let line = String::from_utf8(line).map_err(|_| Unreadable)?;
            if line.is_empty() {
                self.bytes = 0;
                let lines = std::mem::take(&mut self.lines);
                events.extend((!lines.is_empty()).then_some(Event { lines }));
                continue;
            }
            self.bytes += line.len();
            self.lines.push(line);
            self.check()?;
        }
        self.check()?;
        Ok(events)
    }

    fn check(&self) -> Result<(), Unreadable> {
        if self.bytes + self.partial.len() > MOST || self.lines.len() > MOST_LINES {
            return Err(Unreadable);
        }
        Ok(())
    }
}

impl Event {
    /// Its data, the lines of it joined; `None` if it has none.
    pub fn data(&self) -> Option<String> {
        let lines: Vec<&str> = self.lines.iter().filter_map(|line| data_of(line)).collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }

    /// The same event with other data, which is one line.
    #[must_use]
    pub fn with_data(mut self, data: &str) -> Self {
        self.lines.retain(|line| data_of(line).is_none());
        self.lines.push(format!("data: {data}"));
        self
    }

    /// Writes it down.
    pub fn write(&self, out: &mut Vec<u8>) {
        for line in &self.lines {
            out.extend_from_slice(line.as_bytes());
            out.push(b'\n');
        }
        out.push(b'\n');
    }
}

/// Where the first line ends and where the next begins. A carriage return at the end of what is there
/// may be half of a line's end.
fn line_end(bytes: &[u8]) -> Option<(usize, usize)> {
    let end = bytes.iter().position(|byte| matches!(byte, b'\r' | b'\n'))?;
    match (bytes[end], bytes.get(end + 1)) {
        (b'\n', _) => Some((end, end + 1)),
        (_, Some(b'\n')) => Some((end, end + 2)),
        (_, Some(_)) => Some((end, end + 1)),
        (_, None) => None,
    }
}

/// The value of a line of data. A byte order mark may stand before the first line of a stream.
fn data_of(line: &str) -> Option<&str> {
    let line = line.trim_start_matches('\u{feff}');
    let value = if line == "data" { Some("") } else { line.strip_prefix("data:") };
    value.map(|value| value.strip_prefix(' ').unwrap_or(value))
}

/// The most bytes of one event.
pub const MOST: usize = 4 << 20;

const MOST_LINES: usize = 65_536;

#[cfg(test)]
mod tests {
    use super::{Events, MOST, Unreadable};
    use proptest::prelude::{prop, prop_assert_eq, proptest};

    const STREAM: &str =
        ": hello\n\nevent: message\r\nid: 7\r\ndata: {\"a\":\r\ndata:1}\r\n\r\ndata\n\n";

    fn data(chunks: &[&[u8]]) -> Vec<Option<String>> {
        let mut events = Events::default();
        chunks.iter().flat_map(|chunk| events.push(chunk).unwrap()).map(|e| e.data()).collect()
    }

    #[test]
    fn an_event_is_its_lines_until_a_blank_one() {
        let expected = [None, Some("{\"a\":\n1}".to_owned()), Some(String::new())];
        assert_eq!(data(&[STREAM.as_bytes()]), expected);
        assert_eq!(data(&[b"data: x\r\rdata: y\n\n"]), [Some("x".into()), Some("y".into())]);
        assert_eq!(data(&["\u{feff}data: x\n\n".as_bytes()]), [Some("x".into())]);
        assert_eq!(data(&[b"data: never complete\n"]), []);
    }

    #[test]
    fn only_the_data_is_replaced() {
        let mut events = Events::default();
        let event = events.push(b"event: m\ndata: 1\nid: 7\ndata: 2\n\n").unwrap().remove(0);
        let mut out = Vec::new();
        event.with_data("{}").write(&mut out);
        assert_eq!(out, b"event: m\nid: 7\ndata: {}\n\n");
    }

    #[test]
    fn an_event_has_a_bound() {
        let mut events = Events::default();
        assert!(events.push(&vec![b'x'; MOST]).is_ok());
        assert_eq!(events.push(b"x"), Err(Unreadable));
        assert_eq!(Events::default().push(b"data: \xff\n"), Err(Unreadable));
    }

    proptest! {
        #[test]
        fn however_a_stream_is_cut_its_events_are_the_same(
            mut cuts in prop::collection::vec(0..STREAM.len(), 0..8)
        ) {
            cuts.sort_unstable();
            let bounds: Vec<_> = [0].into_iter().chain(cuts).chain([STREAM.len()]).collect();
            let chunks: Vec<_> =
                bounds.windows(2).map(|w| &STREAM.as_bytes()[w[0]..w[1]]).collect();
            prop_assert_eq!(data(&chunks), data(&[STREAM.as_bytes()]));
        }
    }
}
