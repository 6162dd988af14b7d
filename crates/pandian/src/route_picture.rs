//! The cranes' ways as a picture: SVG that needs nothing else and can be seen in light and in dark.

use std::fmt::Write;

use pandian_domain::layout::Aisle;
use pandian_domain::location::Side;
use pandian_domain::route::Point;
use unicode_width::UnicodeWidthStr;

use crate::words::Words;

/// One crane's way in one aisle.
pub struct Panel<'l> {
    /// Which crane, which aisle.
    pub title: String,
    /// What else is to be said.
    pub note: Option<String>,
    /// The aisle, seen from its left side.
    pub aisle: &'l Aisle,
    /// From where the crane comes to where it ends; empty where nobody knows.
    pub way: Vec<Point>,
    /// Where it stops, in order.
    pub stops: Vec<Mark<'l>>,
}

/// A stop.
pub struct Mark<'l> {
    /// Where the crane stands.
    pub at: Point,
    /// On which side of the aisle the location is.
    pub side: Side,
    /// How far behind the face, 1 = front.
    pub depth: u8,
    /// The location's code.
    pub code: &'l str,
}

const WIDTH: f64 = 1400.0;
/// Around the picture, and between panels.
const MARGIN: f64 = 24.0;
/// Above a rack, for its title; left of it and below it, for the numbers of levels and bays.
const TITLE: f64 = 34.0;
const LEVELS: f64 = 30.0;
const BAYS: f64 = 20.0;
/// Below the panels.
const LEGEND: f64 = 30.0;
/// More panels than these stand in two columns.
const MOST_IN_ONE_COLUMN: usize = 4;
/// Of a rack.
const MOST_HEIGHT: f64 = 560.0;
/// Levels are not drawn thinner, even if the rack then is not to scale.
const LEAST_LEVEL: f64 = 5.0;
/// Lines of the grid are not drawn nearer to each other.
const LEAST_GRID: f64 = 4.0;
/// Panels of more stops do not say which is which: the file would be mostly names.
const MOST_NAMED: usize = 3000;
/// Shades from the way's beginning to its end.
const SHADES: usize = 24;
/// Arrows are so far from each other along the way, or farther where there would be many; on moves that have room for them.
const BETWEEN_ARROWS: f64 = 90.0;
const ROOM_FOR_ARROW: f64 = 10.0;
const MANY_ARROWS: f64 = 60.0;

/// The sign for where a crane comes from.
const FROM: &str = "M0-6l6 11h-12z";

const STYLE: &str = "\
.paper{fill:#fff}.rack{fill:#f6f7f9}.grid{fill:none;stroke:#dde1e7;stroke-width:.7}\
text{font:12px system-ui,'Noto Sans','Noto Sans CJK SC','Microsoft YaHei',sans-serif;fill:#4b5563}\
.title{font-size:14px;font-weight:600;fill:#111827}.end{text-anchor:end}.mid{text-anchor:middle}.scale{font-size:10px;fill:#8b93a1}\
.way{fill:none;stroke-width:1.8;stroke-linejoin:round;stroke-linecap:round}\
.left{fill:#111827}.right{fill:none;stroke:#111827;stroke-width:1.1}.arrow{stroke:#fff;stroke-width:.8}.from{fill:#1f6feb}\
.count{font-size:11px;font-weight:700;fill:#111827;stroke:#fff;stroke-width:3px;paint-order:stroke}\
@media(prefers-color-scheme:dark){.paper{fill:#12151a}.rack{fill:#191d24}.grid{stroke:#2b313b}text{fill:#a8b0bd}\
.title{fill:#f3f4f6}.scale{fill:#717a88}.left{fill:#f3f4f6}.right{stroke:#f3f4f6}.arrow{stroke:#12151a}.count{fill:#f3f4f6;stroke:#12151a}}";

/// Draws the panels.
pub fn draw(panels: &[Panel<'_>], words: &Words) -> String {
    let frame = Frame::of(panels);
    let mut svg = Svg(String::new());
    let (width, height) = (WIDTH, frame.height + LEGEND);
    svg.put(format_args!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height:.0}\" width=\"{width}\" height=\"{height:.0}\">\n\
         <style>{STYLE}</style>\n<rect class=\"paper\" width=\"{width}\" height=\"{height:.0}\"/>\n"
    ));
    for (panel, (x, y)) in panels.iter().zip(&frame.places) {
        svg.put(format_args!("<g transform=\"translate({x:.1} {y:.1})\">\n"));
        svg.panel(panel, &frame);
        svg.put(format_args!("</g>\n"));
    }
    if panels.is_empty() {
        svg.put(format_args!("<text x=\"{MARGIN}\" y=\"{MARGIN}\">{}</text>\n", Escaped(words.plan.nothing_to_draw)));
    } else {
        svg.legend(frame.height, words);
    }
    svg.put(format_args!("</svg>\n"));
    svg.0
}

/// Where the panels stand, and how many units a metre is: the same in all, so that they can be compared.
struct Frame {
    x_per_m: f64,
    y_per_m: f64,
    /// Of a column.
    width: f64,
    places: Vec<(f64, f64)>,
    height: f64,
}

impl Frame {
    fn of(panels: &[Panel<'_>]) -> Self {
        let columns = if panels.len() > MOST_IN_ONE_COLUMN { 2 } else { 1 };
        let width = (WIDTH - MARGIN * (columns as f64 + 1.0)) / columns as f64;
        let (longest, highest) = panels
            .iter()
            .map(|panel| extent(panel.aisle))
            .fold((1.0_f64, 1.0_f64), |(x, y), (width, height)| (x.max(width), y.max(height)));
        let lowest = panels.iter().map(|panel| panel.aisle.level_height_m).fold(f64::INFINITY, f64::min);
        let most_y = MOST_HEIGHT / highest;
        let x_per_m = ((width - LEVELS) / longest).min(most_y);
        let y_per_m = x_per_m.max(LEAST_LEVEL / lowest).min(most_y);
        let mut places = Vec::with_capacity(panels.len());
        let mut y = MARGIN;
        for row in panels.chunks(columns) {
            places.extend((0..row.len()).map(|column| (MARGIN + column as f64 * (width + MARGIN), y)));
            let rack = row.iter().map(|panel| extent(panel.aisle).1 * y_per_m).fold(0.0, f64::max);
            y += TITLE + rack + BAYS + MARGIN;
        }
        Self { x_per_m, y_per_m, width, places, height: y }
    }
}

/// Metres of an aisle from its front and foot to its far end, where a crane may stand too, and to the top of its last level.
fn extent(aisle: &Aisle) -> (f64, f64) {
    ((f64::from(aisle.bays) + 1.0) * aisle.bay_width_m, (f64::from(aisle.levels) + 0.5) * aisle.level_height_m)
}

struct Svg(String);

impl Svg {
    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        // A text takes everything.
        let _ = self.0.write_fmt(text);
    }

    fn panel(&mut self, panel: &Panel<'_>, frame: &Frame) {
        let rack = Rack::of(panel.aisle, frame);
        self.put(format_args!("<text class=\"title\" x=\"0\" y=\"14\">{}</text>\n", Escaped(&panel.title)));
        if let Some(note) = &panel.note {
            self.put(format_args!("<text class=\"end\" x=\"{:.1}\" y=\"14\">{}</text>\n", frame.width, Escaped(note)));
        }
        self.rack(&rack);
        let way: Vec<(f64, f64)> = panel.way.iter().map(|point| rack.at(*point)).collect();
        self.way(&way);
        self.stops(panel, &rack);
        self.arrows(&way);
        self.counts(panel, &rack);
    }

    fn rack(&mut self, rack: &Rack<'_>) {
        let Rack { aisle, bay, level, .. } = *rack;
        let (left, top) = rack.at(Point { x_m: 0.5 * aisle.bay_width_m, y_m: (f64::from(aisle.levels) + 0.5) * aisle.level_height_m });
        let (width, height) = (f64::from(aisle.bays) * bay, f64::from(aisle.levels) * level);
        self.put(format_args!(
            "<rect class=\"rack\" x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"/>\n<path class=\"grid\" d=\""
        ));
        for column in lines(aisle.bays, bay) {
            self.put(format_args!("M{:.1} {top:.1}v{height:.1}", left + f64::from(column) * bay));
        }
        for row in lines(aisle.levels, level) {
            self.put(format_args!("M{left:.1} {:.1}h{width:.1}", top + height - f64::from(row) * level));
        }
        self.put(format_args!("\"/>\n"));
        let below = rack.foot.1 + 17.0;
        for column in ends(aisle.bays as usize) {
            let x = left + (column as f64 - 0.5) * bay;
            self.put(format_args!("<text class=\"scale mid\" x=\"{x:.1}\" y=\"{below:.1}\">{column}</text>\n"));
        }
        for row in ends(aisle.levels as usize) {
            let y = top + height - (row as f64 - 0.5) * level + 3.5;
            self.put(format_args!("<text class=\"scale end\" x=\"{:.1}\" y=\"{y:.1}\">{row}</text>\n", LEVELS - 10.0));
        }
    }

    /// The way in shades from its beginning to its end.
    fn way(&mut self, way: &[(f64, f64)]) {
        let moves = way.len().saturating_sub(1);
        let pieces = moves.min(SHADES);
        for piece in 0..pieces {
            self.put(format_args!("<polyline class=\"way\" stroke=\"{}\" points=\"", shade(piece, pieces)));
            for (x, y) in &way[piece * moves / pieces..=(piece + 1) * moves / pieces] {
                self.put(format_args!("{x:.1},{y:.1} "));
            }
            self.put(format_args!("\"/>\n"));
        }
    }

    /// Where the way comes from, and whither it goes: arrows in its shades.
    fn arrows(&mut self, way: &[(f64, f64)]) {
        let Some((x, y)) = way.first() else { return };
        self.put(format_args!("<path class=\"from\" transform=\"translate({x:.1} {y:.1})\" d=\"{FROM}\"/>\n"));
        let moves = || way.windows(2).map(|ends| (ends[0], ends[1]));
        let length = |((x, y), (to_x, to_y)): ((f64, f64), (f64, f64))| f64::hypot(to_x - x, to_y - y);
        let apart = BETWEEN_ARROWS.max(moves().map(length).sum::<f64>() / MANY_ARROWS);
        let mut since = apart / 2.0;
        for (index, ends) in moves().enumerate() {
            since += length(ends);
            if since < apart || length(ends) < ROOM_FOR_ARROW {
                continue;
            }
            since = 0.0;
            let ((x, y), (to_x, to_y)) = ends;
            let (middle_x, middle_y, degrees) = ((x + to_x) / 2.0, (y + to_y) / 2.0, (to_y - y).atan2(to_x - x).to_degrees());
            let shade = shade(index, way.len() - 1);
            self.put(format_args!(
                "<path class=\"arrow\" fill=\"{shade}\" transform=\"translate({middle_x:.1} {middle_y:.1}) rotate({degrees:.0})\" \
                 d=\"M5 0l-9-4.5v9z\"/>\n"
            ));
        }
    }

    /// Dots for the left side, rings for the right one: a dot in a ring where both are visited.
    fn stops(&mut self, panel: &Panel<'_>, rack: &Rack<'_>) {
        let is_named = panel.stops.len() <= MOST_NAMED;
        for (side, class, radius) in [(Side::Left, "left", rack.ring * 0.65), (Side::Right, "right", rack.ring)] {
            self.put(format_args!("<g class=\"{class}\">\n"));
            for stop in panel.stops.iter().filter(|stop| stop.side == side) {
                let (x, y) = rack.of_stop(stop);
                self.put(format_args!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius:.1}\""));
                match is_named {
                    true => self.put(format_args!("><title>{}</title></circle>\n", Escaped(stop.code))),
                    false => self.put(format_args!("/>\n")),
                }
            }
            self.put(format_args!("</g>\n"));
        }
    }

    /// The numbers of the first and the last stop.
    fn counts(&mut self, panel: &Panel<'_>, rack: &Rack<'_>) {
        for number in ends(panel.stops.len()) {
            let (x, y) = rack.of_stop(&panel.stops[number - 1]);
            let y = y - rack.ring - 3.0;
            self.put(format_args!("<text class=\"count mid\" x=\"{x:.1}\" y=\"{y:.1}\">{number}</text>\n"));
        }
    }

    fn legend(&mut self, y: f64, words: &Words) {
        let middle = y + 6.0;
        self.put(format_args!("<g transform=\"translate({MARGIN} {middle:.1})\">\n"));
        let mut x = 6.0;
        let dot = "<circle class=\"left\" r=\"3\"/>".to_owned();
        let ring = "<circle class=\"right\" r=\"5\"/>".to_owned();
        let from = format!("<path class=\"from\" d=\"{FROM}\"/>");
        for (sign, text) in [(dot, words.plan.left_side), (ring, words.plan.right_side), (from, words.plan.begins_here)] {
            let said = Escaped(text);
            self.put(format_args!("<g transform=\"translate({x:.1} 0)\">{sign}<text x=\"12\" y=\"4\">{said}</text></g>\n"));
            x += 34.0 + 7.0 * text.width() as f64;
        }
        let (first, last) = (Escaped(words.plan.first), Escaped(words.plan.last));
        let first_ends = x + 7.0 * words.plan.first.width() as f64;
        self.put(format_args!("<text class=\"end\" x=\"{first_ends:.1}\" y=\"4\">{first}</text>\n"));
        for piece in 0..SHADES {
            let (from, shade) = (first_ends + 8.0 + piece as f64 * 5.0, shade(piece, SHADES));
            self.put(format_args!("<path class=\"way\" stroke=\"{shade}\" d=\"M{from:.1} 0h5\"/>\n"));
        }
        self.put(format_args!("<text x=\"{:.1}\" y=\"4\">{last}</text>\n</g>\n", first_ends + 16.0 + SHADES as f64 * 5.0));
    }
}

/// A rack on the paper, its title above it.
struct Rack<'l> {
    aisle: &'l Aisle,
    /// Units from one bay to the next, and from one level to the next.
    bay: f64,
    level: f64,
    x_per_m: f64,
    y_per_m: f64,
    /// Where the front and the foot are.
    foot: (f64, f64),
    /// Radius of a ring.
    ring: f64,
}

impl<'l> Rack<'l> {
    fn of(aisle: &'l Aisle, frame: &Frame) -> Self {
        let Frame { x_per_m, y_per_m, .. } = *frame;
        let (bay, level) = (aisle.bay_width_m * x_per_m, aisle.level_height_m * y_per_m);
        let ring = (bay.min(level) * 0.32).clamp(3.0, 5.0);
        Self { aisle, bay, level, x_per_m, y_per_m, ring, foot: (LEVELS, TITLE + extent(aisle).1 * y_per_m) }
    }

    fn at(&self, point: Point) -> (f64, f64) {
        (self.foot.0 + point.x_m * self.x_per_m, self.foot.1 - point.y_m * self.y_per_m)
    }

    /// What lies behind another location stands a little higher.
    fn of_stop(&self, stop: &Mark<'_>) -> (f64, f64) {
        let (x, y) = self.at(stop.at);
        (x, y - f64::from(stop.depth.saturating_sub(1)) * self.ring)
    }
}

/// The lines of a grid of so many cells of a size: all of them, or every so many where they would run into each other. The first and
/// the last are always there.
fn lines(cells: u32, size: f64) -> impl Iterator<Item = u32> {
    let step = [1, 2, 5, 10, 20, 50, 100].into_iter().find(|step| f64::from(*step) * size >= LEAST_GRID).unwrap_or(cells.max(1));
    (0..cells).step_by(step as usize).chain([cells])
}

/// The numbers of the first and the last of so many, or of the only one.
fn ends(count: usize) -> impl Iterator<Item = usize> {
    (count > 0).then_some(1).into_iter().chain((count > 1).then_some(count))
}

/// From blue to orange, as bright on white as on black.
fn shade(piece: usize, pieces: usize) -> String {
    const FIRST: [f64; 3] = [31.0, 111.0, 235.0];
    const LAST: [f64; 3] = [234.0, 88.0, 12.0];
    let part = if pieces > 1 { piece as f64 / (pieces - 1) as f64 } else { 0.0 };
    let [red, green, blue] = [0, 1, 2].map(|channel| (FIRST[channel] + (LAST[channel] - FIRST[channel]) * part).round() as u8);
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// A text as XML has it.
struct Escaped<'t>(&'t str);

impl std::fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '\t' | '\n' | '\r' => f.write_char(' ')?,
                // XML has no way to say these.
                '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => f.write_char('\u{fffd}')?,
                _ => f.write_char(c)?,
            }
        }
        Ok(())
    }
}
