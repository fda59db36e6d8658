/**
 * `Intl.NumberFormat`, made when it first formats: it takes the browser 16 ms to make one, and uPlot makes one while the
 * page starts, for labels that it is never asked to write. The build puts it in that one's place (build.mjs).
 */
export class NumberFormat {
  readonly #arguments: ConstructorParameters<typeof window.Intl.NumberFormat>;
  #made: Intl.NumberFormat | undefined;

  constructor(...given: ConstructorParameters<typeof window.Intl.NumberFormat>) {
    this.#arguments = given;
  }

  format(value: number): string {
    return (this.#made ??= new window.Intl.NumberFormat(...this.#arguments)).format(value);
  }
}
