/** Something in a file of an old system. */
export interface Place {
  file: string;
  /** From 1; null: the whole file. */
  line: number | null;
  /** As it stands there: `HEART_BEAT_INTERVAL="60"`. */
  what: string;
}

/** A field of the node's configuration; `undefined` takes it out, so that its default holds. */
export interface Setting {
  field: string;
  value: unknown;
}

export interface Taken extends Place {
  became: Setting[];
  why: string;
}

export interface LeftOut extends Place {
  why: string;
}

export interface Wrong extends Place {
  expected: string;
  cure: string;
}

/** What an import has found so far, in the order of its finding. */
export class Findings {
  readonly taken: Taken[] = [];
  readonly leftOut: LeftOut[] = [];
  readonly wrong: Wrong[] = [];

  take(place: Place, became: Setting[], why: string): void {
    this.taken.push({ ...place, became, why });
  }

  leave(place: Place, why: string): void {
    this.leftOut.push({ ...place, why });
  }

  refuse(place: Place, expected: string, cure: string): void {
    this.wrong.push({ ...place, expected, cure });
  }

  /** Every setting once. Two that differ are wrong: somebody has to say which one holds. */
  settings(): Setting[] {
    const byField = new Map<string, { setting: Setting; place: Place }>();
    for (const { became, why: _, ...place } of this.taken) {
      for (const setting of became) {
        const known = byField.get(setting.field);
        if (known && JSON.stringify(known.setting.value) !== JSON.stringify(setting.value)) {
          this.refuse(
            place,
            `the same ${setting.field} as ${known.place.file} says`,
            'Import one of the two files, or make them say the same.',
          );
        }
        byField.set(setting.field, { setting, place });
      }
    }
    return [...byField.values()].map(({ setting }) => setting);
  }
}
