export { storableJson, storableText } from '@hotstandby/core/storable';
