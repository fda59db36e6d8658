/** The build bundles these. */
declare module "*.css";
