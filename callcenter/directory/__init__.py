"""Who is who: practices, their lines, sites, practitioners and patients, and the staff."""
