//! A chunked body, byte by byte (RFC 9112 §7.1): sizes without extensions, strict line endings.

use crate::route::Ambiguity;

/// Where in a chunked body the next byte stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Chunks {
    /// In a chunk's size, which has so many digits so far.
    Size { digits: u8, size: u64 },
    /// At the line feed behind a size.
    SizeEnd { size: u64 },
    /// In a chunk's data.
    Data { left: u64 },
    /// At the carriage return behind a chunk's data.
    DataCarriage,
    /// At the line feed behind a chunk's data.
    DataEnd,
    /// In a trailer line that has so many bytes so far; with all trailers' bytes.
    Trailer { line: usize, all: usize },
    /// At the line feed behind a trailer line.
    TrailerEnd { line: usize, all: usize },
    /// Behind the last byte.
    Done,
}

impl Chunks {
    /// At the first byte.
    pub(super) const START: Self = Self::Size { digits: 0, size: 0 };

    /// Reads on through `bytes`; returns how many of them belong to the body.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Result<usize, Ambiguity> {
        let mut at = 0;
        while at < bytes.len() && *self != Self::Done {
            if let Self::Data { left } = *self {
                let rest = bytes.len() - at;
                let here = usize::try_from(left).unwrap_or(rest).min(rest);
                at += here;
                let left = left - here as u64;
                *self = if left == 0 { Self::DataCarriage } else { Self::Data { left } };
                continue;
            }
            *self = self.step(bytes[at])?;
            at += 1;
        }
        Ok(at)
    }

    fn step(self, byte: u8) -> Result<Self, Ambiguity> {
        match (self, byte) {
            (Self::Size { digits: 1.., size }, b'\r') => Ok(Self::SizeEnd { size }),
            (Self::Size { digits, size }, _) => {
                let digit = char::from(byte).to_digit(16).ok_or(Ambiguity::ChunkSyntax)?;
                if digits == MAX_SIZE_DIGITS {
                    return Err(Ambiguity::ChunkSyntax);
                }
                Ok(Self::Size { digits: digits + 1, size: size << 4 | u64::from(digit) })
            }
            (Self::SizeEnd { size: 0 }, b'\n') => Ok(Self::Trailer { line: 0, all: 0 }),
            (Self::SizeEnd { size }, b'\n') => Ok(Self::Data { left: size }),
            (Self::DataCarriage, b'\r') => Ok(Self::DataEnd),
            (Self::DataEnd, b'\n') => Ok(Self::START),
            (Self::Trailer { line, all }, b'\r') => Ok(Self::TrailerEnd { line, all }),
            (Self::Trailer { all, .. }, _) if all == MAX_TRAILERS => Err(Ambiguity::HeadTooLarge),
            (Self::Trailer { line, all }, b'\t' | 0x20..=0x7e | 0x80..) => {
                Ok(Self::Trailer { line: line + 1, all: all + 1 })
            }
            (Self::TrailerEnd { line: 0, .. }, b'\n') => Ok(Self::Done),
            (Self::TrailerEnd { all, .. }, b'\n') => Ok(Self::Trailer { line: 0, all }),
            _ => Err(Ambiguity::ChunkSyntax),
        }
    }
}

/// A body of four petabytes is enough.
const MAX_SIZE_DIGITS: u8 = 13;

/// Trailers are read to find their end, and dropped.
const MAX_TRAILERS: usize = 8 * 1024;

#[cfg(test)]
mod tests {
    use super::Chunks;
    use crate::route::Ambiguity;
    use proptest::prelude::{prop, prop_assert_eq, proptest};

    fn read(body: &[u8]) -> Result<(usize, bool), Ambiguity> {
        let mut chunks = Chunks::START;
        let read = chunks.read(body)?;
        Ok((read, chunks == Chunks::Done))
    }

    #[test]
    fn a_body_ends_with_its_last_chunk() {
        let body = b"5\r\nhello\r\nA\r\n0123456789\r\n0\r\nX: y\r\n\r\nGET /";
        assert_eq!(read(body), Ok((body.len() - 5, true)));
        assert_eq!(read(b"0\r\n\r\n"), Ok((5, true)));
    }

    #[test]
    fn obsolete_and_sloppy_syntax_is_refused() {
        for body in [
            &b"5;ext=1\r\nhello\r\n"[..],
            b"5 \r\nhello\r\n",
            b"5\nhello\n",
            b"\r\n",
            b"0x5\r\n",
            b"-1\r\n",
            b"5\r\nhelloX",
            b"5\r\nhello\n",
            b"5\r\nhello\r\r",
            b"00000000000005\r\n",
            b"0\r\nX\0: y\r\n",
            b"0\r\n\n",
            b"5\r\r\n",
        ] {
            assert_eq!(read(body), Err(Ambiguity::ChunkSyntax), "{body:?}");
        }
    }

    proptest! {
        #[test]
        fn borders_between_reads_change_nothing(cuts in prop::collection::vec(0usize..40, 0..6)) {
            let body = b"5\r\nhello\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\n";
            let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(body.len())).collect();
            cuts.sort_unstable();
            let bounds: Vec<_> = std::iter::once(0).chain(cuts).chain([body.len()]).collect();
            let mut chunks = Chunks::START;
            for window in bounds.windows(2) {
                prop_assert_eq!(chunks.read(&body[window[0]..window[1]]), Ok(window[1] - window[0]));
            }
            prop_assert_eq!(chunks, Chunks::Done);
        }

        #[test]
        fn no_bytes_panic(body in prop::collection::vec(0u8..=255, 0..60)) {
            let _ = read(&body);
        }
    }
}
