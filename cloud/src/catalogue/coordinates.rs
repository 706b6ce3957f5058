//! Where a venue is on the globe, and what is near: degrees, kilometres, and the cells of a grid that a search can name.

use std::collections::BTreeSet;

/// Kilometres of a degree of latitude, and of longitude at the equator.
const DEGREE_KM: f64 = 111.195;
/// Cells of the fine grid that a search names at most; a wider one goes by the coarse grid.
const FINE_CELLS: usize = 24;
/// Sides of the cells of both grids, in degrees.
const GRIDS: [i32; 2] = [1, 10];
/// Nearer to a pole than this, every longitude is near, in degrees of latitude.
const POLAR: f64 = 85.0;
/// Most kilometres of a search around a place.
pub const MOST_KM: u32 = 500;

/// A place on the globe, in millionths of a degree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coordinates {
    /// North of the equator: -90,000,000 to 90,000,000.
    pub latitude_e6: i32,
    /// East of Greenwich: -180,000,000 to 180,000,000.
    pub longitude_e6: i32,
}

impl Coordinates {
    /// Reads degrees; `None` for a place that is not on the globe.
    pub fn of_degrees(latitude: f64, longitude: f64) -> Option<Self> {
        let is_on_globe = latitude.abs() <= 90.0 && longitude.abs() <= 180.0;
        is_on_globe.then(|| Self {
            latitude_e6: (latitude * 1e6).round() as i32,
            longitude_e6: (longitude * 1e6).round() as i32,
        })
    }

    /// Returns degrees north of the equator.
    pub fn latitude(self) -> f64 {
        f64::from(self.latitude_e6) / 1e6
    }

    /// Returns degrees east of Greenwich.
    pub fn longitude(self) -> f64 {
        f64::from(self.longitude_e6) / 1e6
    }

    /// Returns the names of the cells that it is in, one of each grid.
    pub fn cells(self) -> [String; 2] {
        let (latitude, longitude) = (self.latitude().floor() as i32, self.longitude().floor() as i32);
        GRIDS.map(|side| cell(side, latitude, longitude))
    }
}

/// A place to look around, and how far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Surroundings {
    /// The place.
    pub center: Coordinates,
    /// How far around it, up to [`MOST_KM`].
    pub km: u32,
}

/// What is compared with the square of a distance, in millionths of a degree of latitude.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Circle {
    pub latitude_e6: i64,
    pub longitude_e6: i64,
    /// How long a degree of longitude is there, in thousandths of one of latitude.
    pub longitude_per_mille: i64,
    /// The square of the radius.
    pub square: i64,
}

impl Surroundings {
    /// Returns the circle, on a map that is flat: within 500 km of a place people live in that errs by some per cent.
    pub fn circle(self) -> Circle {
        let radius_e6 = f64::from(self.km) / DEGREE_KM * 1e6;
        Circle {
            latitude_e6: self.center.latitude_e6.into(),
            longitude_e6: self.center.longitude_e6.into(),
            longitude_per_mille: (self.center.latitude().to_radians().cos() * 1e3).round() as i64,
            square: (radius_e6 * radius_e6).round() as i64,
        }
    }

    /// Returns the names of the cells that the circle may touch.
    pub fn cells(self) -> BTreeSet<String> {
        let [fine, coarse] = GRIDS.map(|side| self.cells_of(side));
        if fine.len() > FINE_CELLS { coarse } else { fine }
    }

    fn cells_of(self, side: i32) -> BTreeSet<String> {
        let (latitude, longitude) = (self.center.latitude(), self.center.longitude());
        let north = f64::from(self.km) / DEGREE_KM;
        let farthest = latitude.abs() + north;
        let east = if farthest > POLAR {
            180.0
        } else {
            (north / farthest.to_radians().cos()).min(180.0)
        };
        let rows = steps(latitude - north, latitude + north, side);
        rows.filter(|row| (-90..=90).contains(row))
            .flat_map(|row| {
                let columns = steps(longitude - east, longitude + east, side);
                columns.map(move |column| cell(side, row, (column + 540).rem_euclid(360) - 180))
            })
            .collect()
    }
}

/// Goes from a degree to another, so that no cell between them is left out.
fn steps(from: f64, to: f64, side: i32) -> impl Iterator<Item = i32> {
    let first = (from.floor() as i32).div_euclid(side);
    let last = (to.floor() as i32).div_euclid(side);
    (first..=last).map(move |step| step * side)
}

/// Names a cell in letters and digits alone, as the words of a search are.
fn cell(side: i32, latitude: i32, longitude: i32) -> String {
    let (row, column) = (
        (latitude + 90).div_euclid(side),
        (longitude + 180).div_euclid(side),
    );
    format!("cell{side}x{row}x{column}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(latitude: f64, longitude: f64) -> Coordinates {
        Coordinates::of_degrees(latitude, longitude).unwrap()
    }

    fn around(center: Coordinates, km: u32) -> BTreeSet<String> {
        Surroundings { center, km }.cells()
    }

    #[track_caller]
    fn check_near(center: Coordinates, km: u32, place: Coordinates) {
        let cells = around(center, km);
        assert!(
            place.cells().iter().any(|cell| cells.contains(cell)),
            "{place:?} is in none of {cells:?}"
        );
    }

    #[test]
    fn what_is_near_is_in_one_of_the_cells_also_over_the_edges_of_the_map() {
        check_near(at(50.94, 6.96), 50, at(50.73, 7.1));
        check_near(at(50.94, 6.96), 500, at(47.38, 8.54));
        check_near(at(-17.8, 179.9), 50, at(-17.9, -179.9));
        check_near(at(89.9, 0.0), 50, at(89.9, 179.0));
        check_near(at(-0.01, -0.01), 10, at(0.02, 0.02));
        check_near(at(60.0, 180.0), 10, at(60.0, -180.0));
    }

    #[test]
    fn a_search_names_few_cells() {
        for latitude in (-90..=90).step_by(3) {
            for km in [1, 25, 50, 100, 200, MOST_KM] {
                let cells = around(at(f64::from(latitude), 13.4), km);
                assert!(cells.len() <= 80, "{latitude}, {km} km: {}", cells.len());
            }
        }
    }

    #[test]
    fn a_place_that_is_nowhere_is_none() {
        assert_eq!(Coordinates::of_degrees(90.1, 0.0), None);
        assert_eq!(Coordinates::of_degrees(0.0, f64::NAN), None);
        assert_eq!(at(-33.868_8, 151.209_3).latitude_e6, -33_868_800);
    }
}
