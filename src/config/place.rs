//! Where each key and value stands in the text.
//!
//! A second, event-based parser looks at the same text, because the one that supplies the values
//! does not tell where they were. This one supplies no value. It runs first, so that it can also
//! refuse what would be unsafe to load: aliases (and with them alias bombs), deep nesting, and
//! more than one document.

use std::collections::BTreeMap;
use std::ops::Range;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span};

use crate::config::keypath::{KeyPath, Step};

/// Where one key and its value stand.
#[derive(Clone, Debug, Default)]
struct Spot {
    /// Every time the key was written; more than one is a mistake.
    keys: Vec<Range<usize>>,
    value: Range<usize>,
}

/// Where everything in one text stands.
#[derive(Clone, Debug, Default)]
pub struct Places {
    spots: BTreeMap<KeyPath, Spot>,
    /// The scalar values, with the way to each; a value under a key written twice is here twice.
    scalars: Vec<(KeyPath, Range<usize>)>,
}

/// Something in the text that cannot be loaded.
#[derive(Debug)]
pub struct Obstacle {
    /// What it is.
    pub cause: Cause,
    /// Where.
    pub at: Range<usize>,
}

/// What cannot be loaded.
#[derive(Debug)]
pub enum Cause {
    /// More than one document.
    Documents,
    /// `&name`, `*name`, `<<` or `!tag`.
    Reference(&'static str),
    /// The text breaks YAML's grammar, in this way.
    Syntax(String),
    /// Deeper than [`MAX_DEPTH`] or more than [`MAX_VALUES`].
    TooMuch,
}

impl Places {
    /// Finds everything in `text`, and what in it cannot be loaded.
    pub fn find(text: &str) -> (Self, Vec<Obstacle>) {
        let mut walk = Walk::new(text);
        let mut parser = Parser::new_from_str(text);
        while let Some(next) = parser.next_event() {
            let went_on = match next {
                Ok((event, span)) => walk.event(&event, &span),
                Err(error) => {
                    let at = walk.byte(error.marker());
                    walk.stop(Cause::Syntax(error.info().to_owned()), at..at)
                }
            };
            if went_on.is_none() {
                break;
            }
        }
        (walk.places, walk.obstacles)
    }

    /// Where the key at the end of `path` is written the first time.
    pub fn key(&self, path: &KeyPath) -> Option<Range<usize>> {
        self.spots.get(path)?.keys.first().cloned()
    }

    /// Where the key at the end of `path` is written for the last time.
    pub fn last_key(&self, path: &KeyPath) -> Option<Range<usize>> {
        self.spots.get(path)?.keys.last().cloned()
    }

    /// Where the value is: all of a scalar; of a map or list, its key or its first character.
    pub fn value(&self, path: &KeyPath) -> Option<Range<usize>> {
        let spot = self.spots.get(path)?;
        if spot.value.is_empty() { self.key(path) } else { Some(spot.value.clone()) }
    }

    /// Every scalar value with the way to it, in the order of the text.
    pub fn scalars(&self) -> impl Iterator<Item = (&KeyPath, Range<usize>)> {
        self.scalars.iter().map(|(path, range)| (path, range.clone()))
    }
}

/// An open map or list.
enum Open {
    /// A list, and the number of its next entry.
    List(KeyPath, usize),
    /// A map, and the key that waits for its value.
    Map(KeyPath, Option<KeyPath>),
}

struct Walk {
    /// The byte at which each character starts, and the text's end.
    bytes: Vec<usize>,
    open: Vec<Open>,
    documents: usize,
    values: usize,
    places: Places,
    obstacles: Vec<Obstacle>,
}

impl Walk {
    fn new(text: &str) -> Self {
        let mut bytes: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        bytes.push(text.len());
        Self {
            bytes,
            open: Vec::new(),
            documents: 0,
            values: 0,
            places: Places::default(),
            obstacles: Vec::new(),
        }
    }

    /// Takes one event; `None` if there is no point in going on.
    fn event(&mut self, event: &Event<'_>, span: &Span) -> Option<()> {
        let at = self.byte(&span.start)..self.byte(&span.end);
        self.values += 1;
        if self.values > MAX_VALUES || self.open.len() > MAX_DEPTH {
            return self.stop(Cause::TooMuch, at);
        }
        self.references(event, &at);
        match event {
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    return self.stop(Cause::Documents, at);
                }
            }
            Event::Scalar(text, style, ..) => self.scalar(text, *style, at),
            Event::Alias(_) => self.scalar("*", ScalarStyle::Plain, at),
            Event::MappingStart(..) => {
                let path = self.enter(&at);
                self.open.push(Open::Map(path, None));
            }
            Event::SequenceStart(..) => {
                let path = self.enter(&at);
                self.open.push(Open::List(path, 0));
            }
            Event::MappingEnd | Event::SequenceEnd => {
                self.open.pop();
            }
            Event::DocumentEnd | Event::Nothing | Event::StreamEnd | Event::StreamStart => {}
        }
        Some(())
    }

    fn references(&mut self, event: &Event<'_>, at: &Range<usize>) {
        let (anchor, tag) = match event {
            Event::Alias(_) => return self.obstacle(Cause::Reference("an alias"), at),
            Event::Scalar(_, _, anchor, tag) => (*anchor, tag.is_some()),
            Event::MappingStart(anchor, tag) | Event::SequenceStart(anchor, tag) => {
                (*anchor, tag.is_some())
            }
            _ => return,
        };
        if anchor > 0 {
            self.obstacle(Cause::Reference("an anchor"), at);
        }
        if tag {
            self.obstacle(Cause::Reference("a tag"), at);
        }
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, at: Range<usize>) {
        if let Some(Open::Map(map, waiting @ None)) = self.open.last_mut() {
            let path = map.key(text);
            *waiting = Some(path.clone());
            if text == "<<" && style == ScalarStyle::Plain {
                self.obstacle(Cause::Reference("a merge key"), &at);
            }
            self.places.spots.entry(path).or_default().keys.push(at);
            return;
        }
        let path = self.next();
        self.places.scalars.push((path.clone(), at.clone()));
        self.place(path, at);
    }

    /// Enters a map or list, and says the way to it.
    fn enter(&mut self, at: &Range<usize>) -> KeyPath {
        if let Some(Open::Map(map, waiting @ None)) = self.open.last_mut() {
            // A map or list as a key; the loader refuses it, and says where.
            let path = map.key("?");
            *waiting = Some(path.clone());
            return path;
        }
        let path = self.next();
        if matches!(path.steps().last(), Some(Step::Index(_))) {
            self.place(path.clone(), at.start..at.start + 1);
        } else {
            self.place(path.clone(), at.start..at.start);
        }
        path
    }

    /// The way to the value that comes now.
    fn next(&mut self) -> KeyPath {
        match self.open.last_mut() {
            Some(Open::List(list, count)) => {
                *count += 1;
                list.index(*count - 1)
            }
            Some(Open::Map(map, waiting)) => waiting.take().unwrap_or_else(|| map.clone()),
            None => KeyPath::default(),
        }
    }

    /// Of a key written twice, the first value's place is kept, as the first value is.
    fn place(&mut self, path: KeyPath, at: Range<usize>) {
        let spot = self.places.spots.entry(path).or_default();
        if spot.keys.len() < 2 {
            spot.value = at;
        }
    }

    fn byte(&self, marker: &Marker) -> usize {
        self.bytes.get(marker.index()).or(self.bytes.last()).copied().unwrap_or_default()
    }

    fn obstacle(&mut self, cause: Cause, at: &Range<usize>) {
        if self.obstacles.len() < MAX_OBSTACLES {
            self.obstacles.push(Obstacle { cause, at: at.clone() });
        }
    }

    fn stop(&mut self, cause: Cause, at: Range<usize>) -> Option<()> {
        self.obstacles.push(Obstacle { cause, at });
        None
    }
}

/// Maps and lists inside one another.
pub const MAX_DEPTH: usize = 32;

/// Keys, values, and starts and ends of maps and lists.
pub const MAX_VALUES: usize = 200_000;

/// References that are listed one by one.
const MAX_OBSTACLES: usize = 10;
