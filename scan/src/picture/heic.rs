//! HEIF files with HEVC inside, as iPhones and many other phones take photos (ISO/IEC 23008-12).
//!
//! Only brightness is decoded, tile by tile, so that a large photo takes little more memory than its
//! grey raster. What a file may cost is bounded by the sizes that it declares (`ispe`): each coded
//! picture must be about as large as declared, and all of them together must fit the limits.

use heifer::heifer_hevc_dec::Error as HevcError;
use heifer::heifer_hevc_dec::decoder::{DecodeOptions, decode_picture};
use heifer::heifer_isobmff::boxes::{ColorInfo, Property};
use heifer::heifer_isobmff::{Error as BoxError, HeifFile, ItemId};
use image::{GrayImage, imageops};

use super::still::ENDS_EARLY;
use super::{Budget, Pages, Picture, Shown, Viewer, check_size};
use crate::raster::Luma;
use crate::{Error, Limits, Place};

/// How deep pictures are made of pictures: a grid of coded ones, once more as an identity.
const DEEPEST: u32 = 4;
/// Bytes for each pixel: the decoder's samples and notes of one picture, and the grey raster with its
/// opacity before and after turning.
const EACH: u64 = 10;
/// Of a grid only the canvases and one tile are in memory.
const EACH_OF_GRID: u64 = 5;
/// Coded pictures are a little larger than declared: sides are multiples of up to 64.
const PADDING: u64 = 64;

/// Shows the main picture, and others of the file that are no smaller copies or parts of it.
pub(super) fn show(bytes: &[u8], limits: &Limits, viewer: &mut dyn Viewer) -> Result<usize, Error> {
    let mended;
    let file = match HeifFile::parse(bytes) {
        Err(BoxError::UnexpectedEof) => {
            mended = open_ended(bytes).ok_or(ENDS_EARLY)?;
            HeifFile::parse(&mended)
        }
        parsed => parsed,
    };
    let file = file.map_err(|error| box_refusal(&error))?;
    let ids = file.top_level_image_ids();
    let mut decoder = Decoder::new(&file, bytes.len() as u64, limits);
    let mut pages = Pages::new(ids.len(), Budget::new(limits), viewer);
    for id in ids {
        pages.page(|| decoder.show(id));
    }
    pages.finish()
}

/// A file that was copied in part, with its last box said to reach to the end of the file (size 0;
/// ISO/IEC 14496-12, 4.2). That is the one with the coded pictures.
fn open_ended(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut at: usize = 0;
    loop {
        let size = u32::from_be_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?);
        let next = at.checked_add(size as usize)?;
        if next > bytes.len() || size == 1 {
            let is_data = bytes.get(at + 4..at + 8)? == b"mdat";
            return is_data.then(|| {
                let mut mended = bytes.to_vec();
                mended[at..at + 4].fill(0);
                mended
            });
        }
        at = if size < 8 { return None } else { next };
    }
}

/// What decoding may still take.
struct Decoder<'a> {
    file: &'a HeifFile<'a>,
    limits: &'a Limits,
    /// Pixels of coded pictures.
    pixels: u64,
    /// Bytes of coded pictures. Each belongs to one tile, unless the file is made to cost time.
    bytes: u64,
    torn: bool,
}

/// Grey values of a picture that is not turned yet.
type Plane = GrayImage;

impl<'a> Decoder<'a> {
    fn new(file: &'a HeifFile<'a>, length: u64, limits: &'a Limits) -> Self {
        // Colour and opacity, and tiles that reach over the edge.
        let pixels = limits.pixels.saturating_mul(4);
        Decoder { file, limits, pixels, bytes: length.saturating_mul(2), torn: false }
    }

    fn show(&mut self, id: ItemId) -> Result<Shown, Error> {
        self.torn = false;
        let plane = self.plane(id, 0)?;
        let opacity = self.opacity(id, &plane)?;
        let picture = match opacity {
            None => Picture { on_white: luma(self.turned(id, plane)?), on_black: None },
            Some(opacity) => {
                let on_black = blended(&plane, &opacity, 0);
                let on_white = blended(&plane, &opacity, u8::MAX);
                drop((plane, opacity));
                Picture {
                    on_white: luma(self.turned(id, on_white)?),
                    on_black: Some(luma(self.turned(id, on_black)?)),
                }
            }
        };
        Ok(Shown { picture, place: Place::Whole, torn: self.torn })
    }

    /// Brightness of an item, before it is turned.
    fn plane(&mut self, id: ItemId, depth: u32) -> Result<Plane, Error> {
        if depth > DEEPEST {
            return Err(Error::Malformed { reason: "its pictures contain each other" });
        }
        let kind = self.file.item(id).map_err(|error| box_refusal(&error))?.item_type.0;
        match &kind {
            b"hvc1" | b"hev1" => self.coded(id),
            b"grid" => self.grid(id, depth),
            b"iden" => match *self.file.referenced_items(id, b"dimg") {
                [source] => {
                    let plane = self.plane(source, depth + 1)?;
                    self.turned(source, plane)
                }
                _ => Err(Error::Malformed { reason: "it lacks a part" }),
            },
            b"iovl" => Err(Error::Unsupported { what: "HEIC with pictures laid over each other" }),
            b"av01" => Err(Error::Unsupported { what: "AVIF" }),
            _ => Err(Error::Unsupported { what: "HEIF without HEVC" }),
        }
    }

    fn declared_size(&self, id: ItemId) -> Result<(u32, u32), Error> {
        let size = self.file.image_size(id).map_err(|error| box_refusal(&error))?;
        size.ok_or(Error::Malformed { reason: "it does not say its size" })
    }

    fn coded(&mut self, id: ItemId) -> Result<Plane, Error> {
        let (width, height) = self.declared_size(id)?;
        let pixels = check_size(width, height, EACH, self.limits)?;
        self.pixels = self.pixels.checked_sub(pixels).ok_or(TOO_MANY_PARTS)?;
        let stream = self.file.hevc_bitstream(id).map_err(|error| box_refusal(&error))?;
        self.bytes = self.bytes.checked_sub(stream.len() as u64).ok_or(TOO_MANY_PARTS)?;
        let max_pixels = (u64::from(width) + PADDING) * (u64::from(height) + PADDING);
        let options = DecodeOptions { max_pixels, ..DecodeOptions::default() };
        let frame = decode_picture(&stream, options).map_err(|error| hevc_refusal(&error))?;
        let full_range = self.full_range(id).unwrap_or(frame.full_range);
        let [depth, _] = frame.bit_depth;
        let (coded_width, coded_height) = (frame.widths[0], frame.heights[0]);
        let [samples, ..] = frame.planes;
        let tone = Tone { shift: depth.saturating_sub(8), full_range };
        let pixels = samples.iter().map(|&sample| tone.byte(sample)).collect();
        let whole = GrayImage::from_raw(coded_width, coded_height, pixels)
            .ok_or(Error::Malformed { reason: "it lacks a part" })?;
        if (coded_width, coded_height) == (width, height) {
            return Ok(whole);
        }
        let (width, height) = (width.min(coded_width), height.min(coded_height));
        Ok(imageops::crop_imm(&whole, 0, 0, width, height).to_image())
    }

    /// The colour property of the file goes before what the coded picture says.
    fn full_range(&self, id: ItemId) -> Option<bool> {
        self.file.item_properties(id).ok()?.find_map(|property| match property {
            Property::Color(ColorInfo::Nclx { full_range, .. }) => Some(*full_range),
            _ => None,
        })
    }

    fn grid(&mut self, id: ItemId, depth: u32) -> Result<Plane, Error> {
        let grid = self.file.grid(id).map_err(|error| box_refusal(&error))?;
        let tiles = self.file.referenced_items(id, b"dimg");
        let columns = usize::from(grid.columns);
        let &first = tiles.first().ok_or(Error::Malformed { reason: "it lacks a part" })?;
        if tiles.len() != usize::from(grid.rows) * columns {
            return Err(Error::Malformed { reason: "it lacks a part" });
        }
        check_size(grid.output_width, grid.output_height, EACH_OF_GRID, self.limits)?;
        let (tile_width, tile_height) = self.declared_size(first)?;
        let mut canvas = GrayImage::new(grid.output_width, grid.output_height);
        for (index, &tile) in tiles.iter().enumerate() {
            let x = (index % columns) as i64 * i64::from(tile_width);
            let y = (index / columns) as i64 * i64::from(tile_height);
            if x >= i64::from(grid.output_width) || y >= i64::from(grid.output_height) {
                continue;
            }
            let plane = match self.plane(tile, depth + 1) {
                Ok(plane) => self.turned(tile, plane)?,
                // A file that was copied in part has its first tiles.
                Err(ENDS_EARLY) if index > 0 => {
                    self.torn = true;
                    break;
                }
                Err(error) => return Err(error),
            };
            imageops::replace(&mut canvas, &plane, x, y);
        }
        Ok(canvas)
    }

    /// The opacity that belongs to a picture, when it has one of the same size.
    fn opacity(&mut self, id: ItemId, plane: &Plane) -> Result<Option<Plane>, Error> {
        let helpers = self.file.referencing_items(id, b"auxl");
        let Some(&helper) = helpers.iter().find(|&&helper| self.is_opacity(helper)) else {
            return Ok(None);
        };
        let opacity = self.plane(helper, 1)?;
        Ok((opacity.dimensions() == plane.dimensions()).then_some(opacity))
    }

    fn is_opacity(&self, id: ItemId) -> bool {
        let Ok(mut properties) = self.file.item_properties(id) else { return false };
        properties.any(|property| {
            matches!(property, Property::AuxiliaryType(kind)
                if kind == "urn:mpeg:hevc:2015:auxid:1"
                    || kind == "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha")
        })
    }

    /// Cropped, turned and mirrored, in the order in which the file says so. What EXIF says of it is
    /// not to be applied on top (ISO/IEC 23008-12, 6.5.10).
    fn turned(&self, id: ItemId, mut plane: Plane) -> Result<Plane, Error> {
        for property in self.file.item_properties(id).map_err(|error| box_refusal(&error))? {
            plane = match *property {
                Property::CleanAperture { width, height, horiz_offset, vert_offset } => {
                    cropped(&plane, (width, horiz_offset), (height, vert_offset))?
                }
                Property::Rotation(1) => imageops::rotate270(&plane),
                Property::Rotation(2) => imageops::rotate180(&plane),
                Property::Rotation(3) => imageops::rotate90(&plane),
                Property::Mirror(true) => imageops::flip_vertical(&plane),
                Property::Mirror(false) => imageops::flip_horizontal(&plane),
                _ => plane,
            };
        }
        Ok(plane)
    }
}

const TOO_MANY_PARTS: Error = Error::Malformed { reason: "its parts are larger than the whole" };

/// From a sample to a grey value.
struct Tone {
    shift: u8,
    full_range: bool,
}

impl Tone {
    fn byte(&self, sample: u16) -> u8 {
        let byte = (sample >> self.shift).min(255);
        if self.full_range {
            return byte as u8;
        }
        // Black is 16 and white 235.
        (byte.clamp(16, 235) - 16).saturating_mul(255).div_ceil(219) as u8
    }
}

fn blended(plane: &Plane, opacity: &Plane, ground: u8) -> Plane {
    let mut mixed = plane.clone();
    for (pixel, alpha) in mixed.iter_mut().zip(opacity.iter()) {
        *pixel = super::grey::blend(*pixel, *alpha, ground);
    }
    mixed
}

/// A length and the offset of its middle from the middle of the picture, as fractions.
type Aperture = ((u32, u32), (i32, u32));

fn cropped(plane: &Plane, across: Aperture, down: Aperture) -> Result<Plane, Error> {
    let span = |((length, of_length), (offset, of_offset)): Aperture, whole: u32| {
        if of_length == 0 || of_offset == 0 {
            return None;
        }
        let length = f64::from(length) / f64::from(of_length);
        let middle = f64::from(offset) / f64::from(of_offset) + (f64::from(whole) - 1.0) / 2.0;
        let start = (middle - (length - 1.0) / 2.0).round().clamp(0.0, f64::from(whole)) as u32;
        let length = (length.round() as u32).min(whole - start);
        (length > 0).then_some((start, length))
    };
    let spans = span(across, plane.width()).zip(span(down, plane.height()));
    let ((x, width), (y, height)) = spans.ok_or(Error::Malformed { reason: "it has no pixels" })?;
    Ok(imageops::crop_imm(plane, x, y, width, height).to_image())
}

fn luma(plane: Plane) -> Luma {
    let (width, height) = plane.dimensions();
    Luma { width: width as usize, height: height as usize, pixels: plane.into_raw() }
}

fn box_refusal(error: &BoxError) -> Error {
    match error {
        BoxError::UnexpectedEof => ENDS_EARLY,
        BoxError::Unimplemented(_) => Error::Unsupported { what: "a variant of HEIC that is not read" },
        BoxError::MissingBox(name) if name.0 == *b"meta" => Error::Unsupported { what: "a HEIC film" },
        _ => Error::Malformed { reason: "its parts contradict each other" },
    }
}

fn hevc_refusal(error: &HevcError) -> Error {
    match error {
        HevcError::UnexpectedEof => ENDS_EARLY,
        HevcError::Unimplemented("picture larger than the configured size limit") => {
            Error::Malformed { reason: "it is larger than it says" }
        }
        HevcError::Unimplemented(_) => Error::Unsupported { what: "a variant of HEIC that is not read" },
        _ => Error::Malformed { reason: "its data cannot be decoded" },
    }
}
