/** What uPlot asks of `Intl` while the page starts, without the time that it takes there. The build puts it in that one's place (build.mjs). */

/**
 * `Intl.NumberFormat`, made when it first formats: it takes the browser 16 ms to make one, and uPlot makes one while the
 * page starts, for labels that it is never asked to write.
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

/**
 * `Intl.DateTimeFormat`, as far as uPlot asks for it: the name of the time zone, which it takes the browser 40 ms to find
 * out, and which only `uPlot.tzDate` compares with. Nobody here calls that one: times are those of the reader's place.
 */
export class DateTimeFormat {
  resolvedOptions(): { timeZone: string } {
    return { timeZone: "" };
  }
}
