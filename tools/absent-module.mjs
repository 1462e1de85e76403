// Stands in a bundle for what a driver requires at its start and never calls here: tedious' ways to log in to Azure.
export default {};
