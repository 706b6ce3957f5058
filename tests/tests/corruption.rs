//! Database files with flipped bytes: what is wrong is named by `audit` and refused at start, or it changes nothing; nobody is let in who should not be.

mod corruption {
    pub mod cloud;
    pub mod damage;
    pub mod hub;
    pub mod original;
    pub mod sold;
}
